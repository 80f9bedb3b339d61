"""Telephone numbers: E.164 inside, national format on screen; which of them may be called."""

import re
from collections.abc import Set
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_

# What carriers send instead of a number when the caller withholds it (Twilio's documentation of anonymous calls).
_WITHHELD = frozenset(
    {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "anonymous", "restricted", "unavailable", ""}
)

_FRENCH = re.compile(r"\+33[1-9][0-9]{8}")

# Overseas departments dial like the mainland but have country codes of their own: the library needs their region.
_OVERSEAS = {
    prefix: region
    for region, prefixes in {
        "RE": ("0262", "0692", "0693"),
        "YT": ("0269", "0639"),
        "GP": ("0590", "0690", "0691"),
        "MQ": ("0596", "0696", "0697"),
        "GF": ("0594", "0694"),
    }.items()
    for prefix in prefixes
}

# Numbers the French regulator reserves for fiction (Arcep, national numbering plan, decision 2018-0881 as amended):
# nobody answers there, so a practice in training may "dial" them.
_FICTIONAL = ("+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998")
_FICTIONAL_MOBILE = "+3363998"

# France, its overseas departments, and the neighbours whose patients cross the border.
CALL_COUNTRIES = frozenset({"FR", "BE", "LU", "CH", "MC", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF"})


class NumberKind(StrEnum):
    """What a number is, as far as its price and its owner go."""

    FIXED = "fixed"
    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed_or_mobile"  # countries whose numbers do not tell
    VOIP = "voip"  # a line over the internet, priced like a fixed one
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    SATELLITE = "satellite"
    SHORT = "short"
    OTHER = "other"  # freephone, personal forwarding, pagers, and what the numbering plans do not know


ORDINARY = frozenset({NumberKind.FIXED, NumberKind.MOBILE, NumberKind.FIXED_OR_MOBILE, NumberKind.VOIP})
_NEVER = frozenset({NumberKind.PREMIUM, NumberKind.SHARED_COST, NumberKind.SATELLITE})
_KINDS = {
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED,
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
}
# +870, +881 to +883, +878, +979: they belong to no country, and the library calls satellite telephones mobile.
_NO_COUNTRY = "001"
_LONGEST_SHORT = 6  # digits; the longest of Europe, such as 116117 and the French 118 numbers


def parse_number(typed: str, *, country: str = "FR", field: str = "phone") -> str:
    """A typed telephone number as E.164.

    ``country`` (ISO 3166) is where a national number belongs. Raises ``Invalid`` with an example.
    """
    typed = _with_overseas_code(typed)
    region = _region_of(typed) if country == "FR" else country
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException:
        raise Invalid(N_("This is not a telephone number. Example: 06 39 98 14 72."), field=field) from None
    if not phonenumbers.is_possible_number(number) or not _plausible(number):
        raise Invalid(N_("This telephone number does not exist. Example: 06 39 98 14 72."), field=field)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def read_caller(sent: str | None) -> str | None:
    """The caller's number as the carrier sent it, in E.164; None when withheld or unusable."""
    cleaned = (sent or "").strip()
    if cleaned.lower() in _WITHHELD or not cleaned.startswith("+"):
        return None
    if _FRENCH.fullmatch(cleaned) and _region_of(f"0{cleaned[3:]}") == "FR":
        return cleaned  # nearly everybody, while she waits for an answer: the library takes 50 us
    try:
        number = phonenumbers.parse(_with_overseas_code(cleaned), None)
    except NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_possible_number(number) else None
    )


def format_number(number: str | None, *, country: str = "FR") -> str:
    """A number for a person's eyes: national pairs at home, international elsewhere; short numbers stay as they are."""
    if not number or not number.startswith("+"):
        return number or ""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return number
    home = phonenumbers.region_code_for_country_code(parsed.country_code or 0) == country
    return phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL)


def is_mobile(number: str) -> bool:
    """Whether a text can reach this number (E.164)."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return False
    if number.startswith(_FICTIONAL_MOBILE):
        return True
    return phonenumbers.number_type(parsed) in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def is_fictional(number: str) -> bool:
    """Whether nobody real can answer on this number (E.164): the regulator reserves it for fiction."""
    return number.startswith(_FICTIONAL)


def number_kind(number: str) -> tuple[str, NumberKind]:
    """The country (ISO 3166, empty when it has none) and the kind of a number in E.164 or of a short number."""
    if is_fictional(number):
        return "FR", NumberKind.MOBILE if number.startswith(_FICTIONAL_MOBILE) else NumberKind.FIXED
    if not number.startswith("+"):
        return "", NumberKind.SHORT if number.isdecimal() else NumberKind.OTHER
    try:
        parsed = phonenumbers.parse(_with_overseas_code(number), None)
    except NumberParseException:
        return "", NumberKind.OTHER
    region = phonenumbers.region_code_for_number(parsed)
    if _NO_COUNTRY in {region, phonenumbers.region_code_for_country_code(parsed.country_code or 0)}:
        return "", NumberKind.SATELLITE
    national = phonenumbers.national_significant_number(parsed)
    if region is None or not phonenumbers.is_valid_number(parsed):
        # Short numbers are dialled without the country, but a carrier may write it in front: +33 15.
        return region or "", NumberKind.SHORT if len(national) <= _LONGEST_SHORT else NumberKind.OTHER
    return region, _KINDS.get(phonenumbers.number_type(parsed), NumberKind.OTHER)


def refusal_to_call(number: str, *, countries: Set[str] = CALL_COUNTRIES, emergency: bool = False) -> str:
    """Why a number (E.164 or short) is never called by this product, a message id; empty when it may be called.

    Only ordinary numbers of these countries: calls to the others are what stolen access is used for. In an
    ``emergency`` short numbers pass, and any country: somebody in danger is not asked where her telephone is from.
    """
    country, kind = number_kind(number)
    is_number = number.removeprefix("+").isdecimal()
    if not is_number or (not emergency and kind not in ORDINARY):
        return N_(
            "Only ordinary fixed and mobile numbers are called from here, no premium, shared-cost, satellite or "
            "short numbers."
        )
    if kind in _NEVER:
        return N_("Premium, shared-cost and satellite numbers are never called from here.")
    if not emergency and country not in countries:
        return N_("Numbers of this country are not called from here.")
    return ""


def parse_callable(typed: str, *, country: str = "FR", countries: Set[str] = CALL_COUNTRIES, field: str) -> str:
    """A typed number that this product may call, as E.164. Raises ``Invalid``, also for a number it never calls."""
    number = parse_number(typed, country=country, field=field)
    refusal = refusal_to_call(number, countries=countries)
    if refusal:
        raise Invalid(refusal, field=field)
    return number


def _with_overseas_code(number: str) -> str:
    """``+33 692 12 34 56`` as ``+262692123456``: its prefix, not the 33, tells that it belongs to Réunion."""
    digits = "".join(c for c in number if c.isdigit() or c == "+")
    for abroad in ("+33", "0033"):
        national = digits.removeprefix(abroad)
        region = _region_of(f"0{national}")
        if digits.startswith(abroad) and region != "FR":
            return f"+{phonenumbers.country_code_for_region(region)}{national}"
    return number


def _region_of(typed: str) -> str:
    digits = "".join(c for c in typed if c.isdigit() or c == "+")
    # Mayotte dials 0639 too, but 06 39 98 stays the mainland's fiction.
    return "FR" if digits.startswith("063998") else _OVERSEAS.get(digits[:4], "FR")


def _plausible(number: phonenumbers.PhoneNumber) -> bool:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return phonenumbers.is_valid_number(number) or is_fictional(e164)

"""Telephone numbers: E.164 inside, national format on screen."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_

# What carriers send instead of a number when the caller withholds it (Twilio's documentation of anonymous calls).
_WITHHELD = frozenset(
    {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "anonymous", "restricted", "unavailable", ""}
)

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


def parse_number(typed: str, *, country: str = "FR", field: str = "phone") -> str:
    """A typed telephone number as E.164.

    ``country`` (ISO 3166) is where a national number belongs. Raises ``Invalid`` with an example.
    """
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
    try:
        number = phonenumbers.parse(cleaned, None)
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
    if number.startswith("+3363998"):
        return True
    return phonenumbers.number_type(parsed) in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def is_fictional(number: str) -> bool:
    """Whether nobody real can answer on this number (E.164): the regulator reserves it for fiction."""
    return number.startswith(_FICTIONAL)


def _region_of(typed: str) -> str:
    digits = "".join(c for c in typed if c.isdigit() or c == "+")
    # Mayotte dials 0639 too, but 06 39 98 stays the mainland's fiction.
    return "FR" if digits.startswith("063998") else _OVERSEAS.get(digits[:4], "FR")


def _plausible(number: phonenumbers.PhoneNumber) -> bool:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return phonenumbers.is_valid_number(number) or is_fictional(e164)

"""Numbers as they are typed, as carriers send them, and as people read them."""

import pytest

from callcenter.core.errors import Invalid
from callcenter.core.phone import (
    NumberKind,
    format_number,
    is_fictional,
    is_mobile,
    number_kind,
    parse_callable,
    parse_number,
    read_caller,
    refusal_to_call,
)


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("06 39 98 14 72", "FR", "+33639981472"),
        ("+33 1 99 00 42 17", "FR", "+33199004217"),
        ("0262 41 22 33", "FR", "+262262412233"),
        ("02 524 98 89", "BE", "+3225249889"),
        ("+32 2 524 98 89", "FR", "+3225249889"),
    ],
)
def test_a_number_is_kept_as_e164(typed: str, country: str, kept: str) -> None:
    assert parse_number(typed, country=country) == kept


@pytest.mark.parametrize("typed", ["", "Vasseur", "06 39 98", "00 00 00 00 00", "</Say><Dial>"])
def test_what_is_no_number_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_number(typed, field="mobile")
    assert refused.value.field == "mobile"
    assert "06 39 98 14 72" in str(refused.value)


@pytest.mark.parametrize("sent", ["+266696687", "anonymous", "Restricted", "", None, "sip:x@y", "<b>"])
def test_a_withheld_or_unusable_caller_is_nobody(sent: str | None) -> None:
    assert read_caller(sent) is None


def test_a_caller_is_kept_and_shown_in_pairs() -> None:
    assert read_caller("+33639981472") == "+33639981472"
    assert format_number("+33639981472") == "06 39 98 14 72"
    assert format_number("+3225249889") == "+32 2 524 98 89"
    assert format_number("15") == "15"
    assert format_number(None) == ""


def test_texts_reach_mobiles_only() -> None:
    assert is_mobile("+33612345678")
    assert is_mobile("+33639981472")
    assert not is_mobile("+33145674567")


def test_fictional_numbers_are_those_the_regulator_reserves() -> None:
    assert is_fictional("+33261911544")
    assert not is_fictional("+33240123456")
    assert not is_fictional("15")


@pytest.mark.parametrize(
    ("number", "belongs"),
    [
        ("+33145674567", ("FR", NumberKind.FIXED)),
        ("+33756123456", ("FR", NumberKind.MOBILE)),
        ("+33970123456", ("FR", NumberKind.VOIP)),
        ("+33639981472", ("FR", NumberKind.MOBILE)),  # fiction, which the library does not know
        ("+33199001234", ("FR", NumberKind.FIXED)),
        ("+262262412233", ("RE", NumberKind.FIXED)),
        ("+262692123456", ("RE", NumberKind.MOBILE)),
        ("+262639012345", ("YT", NumberKind.MOBILE)),
        ("+590690001234", ("GP", NumberKind.MOBILE)),
        ("+596596301234", ("MQ", NumberKind.FIXED)),
        ("+594594101234", ("GF", NumberKind.FIXED)),
        ("+33692123456", ("RE", NumberKind.MOBILE)),  # as some networks write it
        ("+33899123456", ("FR", NumberKind.PREMIUM)),
        ("+33820123456", ("FR", NumberKind.SHARED_COST)),
        ("+8816123456789", ("", NumberKind.SATELLITE)),
        ("+870776123456", ("", NumberKind.SATELLITE)),
        ("+41878123456", ("CH", NumberKind.OTHER)),  # forwards at the caller's expense
        ("+14155552671", ("US", NumberKind.FIXED_OR_MOBILE)),
        ("15", ("", NumberKind.SHORT)),
        ("+333949", ("FR", NumberKind.SHORT)),
        ("", ("", NumberKind.OTHER)),
        ("<b>", ("", NumberKind.OTHER)),
    ],
)
def test_a_number_tells_its_country_and_kind(number: str, belongs: tuple[str, NumberKind]) -> None:
    assert number_kind(number) == belongs


@pytest.mark.parametrize(
    "number", ["+33145674567", "+33639981472", "+33970123456", "+32475123456", "+262692123456", "+33692123456"]
)
def test_ordinary_numbers_of_the_countries_around_may_be_called(number: str) -> None:
    assert refusal_to_call(number) == ""


@pytest.mark.parametrize(
    "number",
    ["+33899123456", "+33820123456", "+3290012345", "+8816123456789", "15", "3949", "+33800123456", "+18765551234", ""],
)
def test_what_stolen_access_is_used_for_is_never_called(number: str) -> None:
    assert refusal_to_call(number) != ""


def test_another_installation_calls_other_countries() -> None:
    assert refusal_to_call("+447911123456", countries={"GB", "GG"}) == ""
    assert refusal_to_call("+33145674567", countries={"GB"}) != ""


def test_a_number_that_is_never_called_is_refused_where_it_is_typed() -> None:
    assert parse_callable("01 45 67 45 67", field="endpoint") == "+33145674567"
    assert parse_callable("+33 692 12 34 56", field="endpoint") == "+262692123456"
    with pytest.raises(Invalid) as refused:
        parse_callable("08 99 12 34 56", field="endpoint")
    assert refused.value.field == "endpoint"

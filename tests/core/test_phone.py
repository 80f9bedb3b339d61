"""Numbers as they are typed, as carriers send them, and as people read them."""

import pytest

from callcenter.core.errors import Invalid
from callcenter.core.phone import format_number, is_fictional, is_mobile, parse_number, read_caller


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

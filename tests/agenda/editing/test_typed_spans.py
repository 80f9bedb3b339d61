"""Lengths of time as people type and read them, in both languages."""

from __future__ import annotations

import pytest

from callcenter.agenda.editing.typed_spans import read_count, read_span, write_span
from callcenter.core.errors import Invalid
from callcenter.core.i18n import set_language


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("", None),
        ("30 min", 30),
        ("90m", 90),
        ("2 h", 120),
        ("2 heures", 120),
        ("3 j", 4320),
        ("3 days", 4320),
        ("0 min", 0),
    ],
)
def test_read(typed: str, minutes: int | None) -> None:
    assert read_span(typed, field="notice") == minutes


@pytest.mark.parametrize("typed", ["3", "h", "-2 h", "1,5 h", "2 weeks", "99999 d", "²h"])
def test_what_is_no_length_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_span(typed, field="notice")
    assert refused.value.field == "notice"


def test_what_is_written_can_be_typed_again() -> None:
    for language, days in (("fr", "3 j"), ("en", "3 d")):
        set_language(language)
        assert [write_span(one) for one in (None, 0, 45, 90, 120, 4320)] == [
            "",
            "0 min",
            "45 min",
            "90 min",
            "2 h",
            days,
        ]
        assert [read_span(write_span(one), field="x") for one in (0, 45, 120, 4320)] == [0, 45, 120, 4320]
    set_language("fr")


def test_a_number_has_its_limits() -> None:
    assert [read_count(one, field="quota", least=1, most=9) for one in ("", "1", " 9 ")] == [None, 1, 9]
    for typed in ("0", "10", "-1", "a", "²"):
        with pytest.raises(Invalid) as refused:
            read_count(typed, field="quota", least=1, most=9)
        assert str(refused.value) == "A number from 1 to 9."

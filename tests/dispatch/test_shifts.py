"""Somebody else is on call for some hours, or nobody; it is taken back, and nothing is erased."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.dispatch.shifts import NOBODY, OverrideParticulars, add_override, list_overrides, withdraw_override
from tests.dispatch.on_call_cast import NOW, Cast, cast, paris

__all__ = ["cast"]


def _override(cast: Cast, who: object, starts: str, ends: str, *, at: datetime = NOW) -> int:
    typed = OverrideParticulars(str(who), starts, ends)
    with cast.database.unit_of_work(cast.scope) as session:
        return add_override(session, cast.tilleuls, typed, at=at, staff_id=cast.staff["sofia"]).id


def _withdraw(cast: Cast, shift_id: int, *, at: datetime = NOW) -> None:
    with cast.database.unit_of_work(cast.scope) as session:
        withdraw_override(session, cast.tilleuls, shift_id, at=at, staff_id=cast.staff["sofia"])


def test_for_its_hours_an_override_counts_and_the_later_one_above_it(cast: Cast) -> None:
    cast.weeks()
    _override(cast, cast.arnaud, "2026-11-28T08:00", "2026-11-29T08:00")
    _override(cast, NOBODY, "2026-11-28T12:00", "2026-11-28T14:00")
    hours = ("07:59", "08:00", "12:00", "14:00")
    assert [cast.who(f"2026-11-28 {hour}") for hour in hours] == ["Dr Lemoine", "Dr Arnaud", "", "Dr Arnaud"]
    assert cast.who("2026-11-29 08:00") == "Dr Lemoine"


def test_the_same_one_sent_twice_is_one_and_the_same_after_another_is_a_new_one(cast: Cast) -> None:
    friday = ("2026-11-27T18:00", "2026-11-28T08:00")
    first = _override(cast, cast.arnaud, *friday)
    assert _override(cast, cast.arnaud, *friday) == first
    _override(cast, cast.nguyen, *friday)
    assert _override(cast, cast.arnaud, *friday) != first, "it is to count again"
    assert cast.who("2026-11-27 20:00") == "Dr Arnaud"


@pytest.mark.parametrize(
    ("who", "starts", "ends", "field"),
    [
        ("", "2026-11-28T08:00", "2026-11-29T08:00", "who"),
        ("999999", "2026-11-28T08:00", "2026-11-29T08:00", "who"),
        (NOBODY, "", "2026-11-29T08:00", "starts"),
        (NOBODY, "samedi", "2026-11-29T08:00", "starts"),
        (NOBODY, "2026-11-28T08:00+01:00", "2026-11-29T08:00", "starts"),
        (NOBODY, "2026-11-28T08:00", "", "ends"),
        (NOBODY, "2026-11-28T08:00", "2026-11-28T08:00", "ends"),
        (NOBODY, "2026-11-23T08:00", "2026-11-23T09:59", "ends"),
        (NOBODY, "2026-11-20T08:00", "2026-11-29T08:00", "starts"),
        (NOBODY, "2026-11-28T08:00", "2027-06-01T08:00", "ends"),
        (NOBODY, "2027-03-28T02:10", "2027-03-28T02:50", "ends"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(cast: Cast, who: str, starts: str, ends: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _override(cast, who, starts, ends)
    assert refused.value.field == field
    assert cast.shifts() == []


def test_another_practice_s_practitioner_is_nobody_s_choice_here(cast: Cast) -> None:
    kaplan = cast.nguyen + 1
    with pytest.raises(Invalid):
        _override(cast, kaplan, "2026-11-28T08:00", "2026-11-29T08:00")


def test_an_hour_that_exists_twice_is_covered_both_times(cast: Cast) -> None:
    _override(cast, cast.nguyen, "2027-10-31T02:30", "2027-10-31T02:45", at=datetime(2027, 10, 30, tzinfo=UTC))
    (shift,) = cast.shifts()
    assert (shift.starts_at, shift.ends_at - shift.starts_at) == (
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        timedelta(hours=1, minutes=15),
    )


def test_an_hour_that_does_not_exist_is_jumped_over(cast: Cast) -> None:
    _override(cast, cast.nguyen, "2027-03-28T02:30", "2027-03-28T08:00", at=datetime(2027, 3, 27, tzinfo=UTC))
    (shift,) = cast.shifts()
    assert shift.starts_at == datetime(2027, 3, 28, 1, tzinfo=UTC)  # three o'clock, when it would have been two


def test_taken_back_before_it_begins_it_never_counts_and_is_kept(cast: Cast) -> None:
    cast.weeks()
    shift_id = _override(cast, cast.arnaud, "2026-11-28T08:00", "2026-11-29T08:00")
    for _twice in range(2):
        _withdraw(cast, shift_id)
    assert cast.who("2026-11-28 12:00") == "Dr Lemoine"
    (kept,) = cast.shifts()
    assert kept.withdrawn_at == NOW
    assert cast.acts()[1:] == ["on_call_override_added", "on_call_override_withdrawn"]
    with cast.database.reading(cast.scope) as session:
        assert list_overrides(session, cast.tilleuls, at=NOW) == []


def test_taken_back_while_it_runs_what_has_been_stays(cast: Cast) -> None:
    cast.weeks()
    shift_id = _override(cast, cast.arnaud, "2026-11-28T08:00", "2026-11-29T08:00")
    for _twice in range(2):
        _withdraw(cast, shift_id, at=paris("2026-11-28 12:00"))
    assert [cast.who(f"2026-11-28 {hour}") for hour in ("11:59", "12:00")] == ["Dr Arnaud", "Dr Lemoine"]


def test_what_is_over_cannot_be_taken_back_and_what_is_not_there_neither(cast: Cast) -> None:
    shift_id = _override(cast, cast.arnaud, "2026-11-28T08:00", "2026-11-29T08:00")
    with pytest.raises(Conflict):
        _withdraw(cast, shift_id, at=paris("2026-11-30 12:00"))
    with pytest.raises(NotFound):
        _withdraw(cast, shift_id + 1)
    assert cast.shifts()[0].withdrawn_at is None

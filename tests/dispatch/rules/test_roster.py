"""Who is on call among Lemoine, Martin and Nguyen, who take weeks in turn from Monday evening on."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from callcenter.dispatch.rules.roster import (
    DAY,
    Rotation,
    Shift,
    ShiftSource,
    gaps,
    is_theirs,
    on_call_at,
    roster,
    swapped,
)

PARIS = ZoneInfo("Europe/Paris")
LEMOINE, MARTIN, NGUYEN = 1, 2, 3
WEEKS = Rotation((LEMOINE, MARTIN, NGUYEN), date(2026, 11, 2), 7, time(18), "Europe/Paris")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def who(when: str, *arranged: Shift) -> int | None:
    shift = on_call_at([WEEKS], arranged, at(when))
    return None if shift is None else shift.practitioner_id


def by_hand(starts: str, ends: str, practitioner_id: int | None) -> Shift:
    return Shift(at(starts), at(ends), practitioner_id, ShiftSource.OVERRIDE)


def test_weeks_in_turn_change_on_monday_evening() -> None:
    assert who("2026-11-02 17:59") is None, "it begins that evening"
    assert who("2026-11-02 18:00") == LEMOINE
    assert who("2026-11-09 17:59") == LEMOINE
    assert who("2026-11-09 18:00") == MARTIN
    assert who("2026-11-16 18:00") == NGUYEN
    assert who("2026-11-23 18:00") == LEMOINE, "and again from the first"


def test_a_rotation_that_ends_has_nobody_after_its_last_turn() -> None:
    ended = Rotation((LEMOINE,), date(2026, 11, 2), 7, time(18), "Europe/Paris", ends_on=date(2026, 11, 8))
    assert on_call_at([ended], [], at("2026-11-09 12:00")) is not None
    assert on_call_at([ended], [], at("2026-11-09 18:00")) is None


def test_what_is_arranged_by_hand_stands_above_the_rotation_and_the_later_above_the_earlier() -> None:
    saturday = by_hand("2026-11-07 08:00", "2026-11-08 08:00", MARTIN)
    evening = by_hand("2026-11-07 18:00", "2026-11-07 22:00", NGUYEN)
    assert who("2026-11-07 12:00", saturday, evening) == MARTIN
    assert who("2026-11-07 19:00", saturday, evening) == NGUYEN
    assert who("2026-11-08 08:00", saturday, evening) == LEMOINE


def test_an_arranged_nobody_is_nobody_and_a_gap() -> None:
    closed = by_hand("2026-11-07 08:00", "2026-11-08 08:00", None)
    assert who("2026-11-07 12:00", closed) is None
    week = {"starts_at": at("2026-11-02 18:00"), "ends_at": at("2026-11-09 18:00")}
    found = gaps(roster([WEEKS], [closed], **week), **week)
    assert [(one.starts_at, one.ends_at) for one in found] == [(closed.starts_at, closed.ends_at)]


def test_what_somebody_has_later_leaves_no_gap_before_it() -> None:
    turns = roster([WEEKS], [], starts_at=at("2026-11-02 18:00"), ends_at=at("2026-12-14 18:00"))
    first, later = [one for one in turns if one.practitioner_id == LEMOINE][:2]
    assert later.starts_at > first.ends_at
    assert gaps([first, later], starts_at=first.starts_at, ends_at=first.ends_at) == ()
    assert is_theirs(turns, LEMOINE, starts_at=first.starts_at, ends_at=first.ends_at)
    assert not is_theirs(turns, LEMOINE, starts_at=first.starts_at, ends_at=later.ends_at)


def test_thirty_days_ahead_the_days_after_the_rotation_are_a_gap() -> None:
    ended = Rotation((LEMOINE,), date(2026, 11, 2), 7, time(18), "Europe/Paris", ends_on=date(2026, 11, 2))
    now = at("2026-11-03 09:00")
    found = gaps(roster([ended], [], starts_at=now, ends_at=now + 30 * DAY), starts_at=now, ends_at=now + 30 * DAY)
    assert [(one.starts_at, one.ends_at) for one in found] == [(at("2026-11-09 18:00"), now + 30 * DAY)]


def test_two_who_swap_have_each_other_s_shift() -> None:
    hers = Shift(at("2026-11-02 18:00"), at("2026-11-09 18:00"), LEMOINE, ShiftSource.ROTATION)
    his = Shift(at("2026-11-09 18:00"), at("2026-11-16 18:00"), MARTIN, ShiftSource.ROTATION)
    arranged = swapped(hers, his)
    assert who("2026-11-05 12:00", *arranged) == MARTIN
    assert who("2026-11-12 12:00", *arranged) == LEMOINE
    assert who("2026-11-19 12:00", *arranged) == NGUYEN


def test_the_night_on_which_the_clocks_go_back_is_one_night_of_25_hours() -> None:
    nights = Rotation((LEMOINE, MARTIN), date(2026, 10, 24), 1, time(8), "Europe/Paris")
    shifts = roster([nights], [], starts_at=at("2026-10-24 08:00"), ends_at=at("2026-10-26 08:00"))
    assert [(one.practitioner_id, one.ends_at.astimezone(UTC) - one.starts_at.astimezone(UTC)) for one in shifts] == [
        (LEMOINE, timedelta(hours=25)),
        (MARTIN, timedelta(hours=24)),
    ]


def test_a_rotation_without_members_has_nobody_and_does_not_hang() -> None:
    empty = Rotation((), date(2026, 11, 2), 7, time(18), "Europe/Paris")
    assert on_call_at([empty], [], at("2026-11-05 12:00")) is None


@given(
    st.integers(1, 9),
    st.integers(1, 4),
    st.times().map(lambda one: one.replace(microsecond=0, tzinfo=None)),
    st.sampled_from(["Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "Indian/Reunion"]),
    st.integers(0, 800),
)
def test_somebody_is_on_call_at_every_instant_and_only_one(
    turn_days: int, members: int, changes_at: time, zone: str, later: int
) -> None:
    rotation = Rotation(range(1, members + 1), date(2026, 1, 5), turn_days, changes_at, zone)
    begins = datetime(2026, 1, 7, tzinfo=UTC) + later * timedelta(days=1, hours=1)
    until = begins + 40 * DAY
    shifts = roster([rotation], [], starts_at=begins, ends_at=until)
    assert not gaps(shifts, starts_at=begins, ends_at=until)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(shifts))
    # Looked at from another window, it is the same person.
    middle = begins + 17 * DAY
    assert on_call_at([rotation], [], middle) is not None
    here = next(one for one in shifts if one.starts_at <= middle < one.ends_at)
    found = on_call_at([rotation], [], middle)
    assert found is not None
    assert found.practitioner_id == here.practitioner_id

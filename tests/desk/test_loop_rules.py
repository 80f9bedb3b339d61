"""Whose a loop is, when the night comes, who has it then, and which promises were kept."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.desk.loop_rules import (
    DESK,
    ON_CALL,
    Candidate,
    Loop,
    LoopKind,
    Owner,
    OwnerKind,
    Promise,
    Share,
    heir,
    in_order,
    is_night,
    last_midnight,
    message_owner,
    owner_of,
    share_kept,
)
from callcenter.desk.task_rules import TaskKind, due_of_answer

PARIS = ZoneInfo("Europe/Paris")
NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_message_is_its_addressees_until_its_deadline_then_the_desks_and_whoevers_took_it() -> None:
    def owner(at: datetime, taken: Owner | None = None, addressee: int | None = 7) -> Owner:
        return message_owner(practitioner_id=addressee, taken=taken, deadline_at=NINE + HOUR, at=at)

    assert owner(NINE) == Owner(OwnerKind.PRACTITIONER, 7)
    assert owner(NINE, addressee=None) == ON_CALL
    assert not ON_CALL.has_name
    assert owner(NINE + HOUR) == DESK
    taker = Owner(OwnerKind.PRACTITIONER, 8, NINE)
    assert owner(NINE + 2 * HOUR, taker) == taker


def test_whoever_was_named_has_it_unless_somebody_took_the_thing_itself_since() -> None:
    named = Owner(OwnerKind.STAFF, 3, NINE)
    assert owner_of(DESK, None) == DESK
    assert owner_of(Owner(OwnerKind.PRACTITIONER, 7), named) == named
    assert owner_of(Owner(OwnerKind.STAFF, 4, NINE - HOUR), named) == named
    assert owner_of(Owner(OwnerKind.STAFF, 4, NINE + HOUR), named).ref_id == 4


def test_late_ones_come_first_then_those_that_are_due_soonest() -> None:
    loops = [
        Loop(LoopKind.TASK, ref, 1, "", since=NINE, due_at=NINE + due * HOUR, owner=DESK)
        for ref, due in ((1, 3), (2, -1), (3, 1), (4, -2))
    ]
    assert [one.ref_id for one in in_order(loops, at=NINE)] == [4, 2, 3, 1]
    assert not loops[2].is_late(NINE + HOUR)


def test_the_night_goes_to_whom_was_chosen_else_to_the_supervisor_who_signed_in_last() -> None:
    admin = Candidate(1, is_supervisor=False, is_administrator=True)
    sofia = Candidate(2, is_supervisor=True, is_administrator=False, signed_in_at=NINE)
    lea = Candidate(3, is_supervisor=True, is_administrator=False, signed_in_at=NINE + HOUR)
    never = Candidate(4, is_supervisor=True, is_administrator=False)
    operator = Candidate(5, is_supervisor=False, is_administrator=False, signed_in_at=NINE + 2 * HOUR)
    everybody = [operator, never, lea, sofia, admin]
    assert heir(everybody, wished=5) == 5
    assert heir(everybody, wished=99) == 3  # her account is closed
    assert heir([operator, never, admin], wished=None) == 4
    assert heir([operator, admin], wished=None) == 1
    assert heir([operator], wished=None) is None


@pytest.mark.parametrize(
    ("at", "is_it"),
    [
        (datetime(2026, 11, 23, 22, 44, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 22, 45, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 23, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 23, 21, 45, tzinfo=UTC), True),  # in summer
        (datetime(2026, 10, 24, 21, 45, tzinfo=UTC), True),  # the evening before the clocks go back
        (datetime(2026, 10, 25, 22, 45, tzinfo=UTC), True),  # and the evening after
    ],
)
def test_the_last_quarter_of_the_day_is_told_by_the_wall_clock(at: datetime, is_it: bool) -> None:
    assert is_night(at, PARIS) is is_it


def test_where_clocks_jump_over_midnight_the_day_begins_with_the_jump() -> None:
    havana = ZoneInfo("America/Havana")  # on 8 March 2026 from 0:00 to 1:00
    jump = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
    assert last_midnight(jump + HOUR, havana) == jump
    assert is_night(jump - timedelta(minutes=15), havana)
    assert last_midnight(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), PARIS) == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_only_what_was_due_counts_and_in_time_is_by_its_very_instant() -> None:
    promises = [
        Promise(1, NINE, NINE),
        Promise(1, NINE, NINE + timedelta(seconds=1)),
        Promise(1, NINE, None),
        Promise(1, NINE + 3 * HOUR, NINE),  # due later
        Promise(1, NINE - 3 * HOUR, NINE - 4 * HOUR),  # due before
    ]
    share = share_kept(promises, since=NINE - HOUR, until=NINE + HOUR)
    assert (share, share.percent) == (Share(due=3, kept=1), 33)
    assert Share(0, 0).percent is None
    assert Share(due=200, kept=199).percent == 99


@pytest.mark.parametrize(
    ("hour", "minute", "due"),
    [
        (9, 0, (18, 0)),
        (15, 59, (18, 0)),
        (17, 30, (19, 30)),
        (21, 58, (23, 58)),
        (22, 30, (23, 59)),
    ],
)
def test_a_visit_of_today_is_booked_before_the_practices_day_ends(hour: int, minute: int, due: tuple[int, int]) -> None:
    at = datetime(2026, 11, 23, hour, minute, tzinfo=PARIS).astimezone(UTC)
    found = due_of_answer(TaskKind.BOOK_TODAY, at=at, zone="Europe/Paris").astimezone(PARIS)
    assert (found.day, found.hour, found.minute) == (23, *due)


def test_other_answers_are_due_within_their_time() -> None:
    due = {kind: due_of_answer(kind, at=NINE, zone="Europe/Paris") - NINE for kind in ("tell", "text", "i_call")}
    assert due == {"tell": HOUR / 2, "text": HOUR / 2, "i_call": 2 * HOUR}

"""When Dr Lemoine is told of a message, by her own schedule."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from callcenter.dispatch.rules.message_state import Urgency
from callcenter.dispatch.rules.timing import Schedule, Timing, told_at

PARIS = "Europe/Paris"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(PARIS))


def told(schedule: Schedule, written: str, urgency: Urgency = Urgency.ROUTINE, free: str | None = None) -> str:
    when = told_at(
        schedule, urgency=urgency, written_at=at(written), zone=PARIS, free_at=at(free) if free is not None else None
    )
    return when.astimezone(ZoneInfo(PARIS)).strftime("%Y-%m-%d %H:%M")


def test_now_is_now() -> None:
    assert told(Schedule(), "2026-11-23 09:14") == "2026-11-23 09:14"


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("2026-11-23 09:14", "2026-11-23 12:00"),
        ("2026-11-23 12:00", "2026-11-23 12:00"),
        ("2026-11-23 12:01", "2026-11-23 18:00"),
        ("2026-11-23 18:30", "2026-11-24 12:00"),
    ],
)
def test_in_a_batch_at_noon_and_at_six(written: str, when: str) -> None:
    assert told(Schedule(Timing.BATCH), written) == when


def test_the_batches_hours_are_taken_in_the_order_of_the_day() -> None:
    assert told(Schedule(Timing.BATCH, batch_at=(time(18), time(12))), "2026-11-23 09:14") == "2026-11-23 12:00"


def test_a_batch_in_the_quiet_hours_waits_for_one_that_is_not() -> None:
    early_and_noon = Schedule(Timing.BATCH, batch_at=(time(7), time(12)), quiet_from=time(20), quiet_until=time(8))
    assert told(early_and_noon, "2026-11-23 06:00") == "2026-11-23 12:00"


def test_between_two_patients_is_when_the_one_inside_leaves() -> None:
    between = Schedule(Timing.BETWEEN)
    assert told(between, "2026-11-23 09:14", free="2026-11-23 09:30") == "2026-11-23 09:30"
    assert told(between, "2026-11-23 09:14") == "2026-11-23 09:14", "nobody is inside"
    assert told(between, "2026-11-23 09:14", free="2026-11-23 09:00") == "2026-11-23 09:14", "he has left already"


@pytest.mark.parametrize("urgency", [Urgency.ROUTINE, Urgency.TODAY])
def test_what_comes_at_night_waits_for_the_morning(urgency: Urgency) -> None:
    quiet = Schedule(quiet_from=time(20), quiet_until=time(8))
    assert told(quiet, "2026-11-23 19:59", urgency) == "2026-11-23 19:59"
    assert told(quiet, "2026-11-23 20:00", urgency) == "2026-11-24 08:00"
    assert told(quiet, "2026-11-24 03:00", urgency) == "2026-11-24 08:00"
    assert told(quiet, "2026-11-24 08:00", urgency) == "2026-11-24 08:00"


def test_a_quiet_hour_at_noon_lies_within_the_day() -> None:
    lunch = Schedule(quiet_from=time(12), quiet_until=time(14))
    assert told(lunch, "2026-11-23 12:30") == "2026-11-23 14:00"
    assert told(lunch, "2026-11-23 21:00") == "2026-11-23 21:00"


@pytest.mark.parametrize("timing", list(Timing))
def test_an_urgent_one_waits_for_nothing(timing: Timing) -> None:
    schedule = Schedule(timing, quiet_from=time(20), quiet_until=time(8))
    assert told(schedule, "2026-11-23 23:10", Urgency.URGENT, free="2026-11-23 23:40") == "2026-11-23 23:10"


def test_the_morning_after_the_clocks_went_back_is_at_eight_there() -> None:
    """The night of 25 October 2026 has an hour more; whoever counts hours would wake her at seven."""
    quiet = Schedule(quiet_from=time(20), quiet_until=time(8))
    when = told_at(quiet, urgency=Urgency.ROUTINE, written_at=at("2026-10-24 22:00"), zone=PARIS)
    assert when == datetime(2026, 10, 25, 7, tzinfo=UTC)


def test_a_batch_at_an_hour_that_the_clocks_leave_out_comes_as_they_jump() -> None:
    """On 29 March 2026 nothing is between two and three in Paris."""
    assert told(Schedule(Timing.BATCH, batch_at=(time(2, 30),)), "2026-03-29 00:10") == "2026-03-29 03:00"


def test_quiet_all_the_time_is_never_quiet() -> None:
    """The same hour twice is a form filled in by mistake: a doctor who never hears anything is worse than one woken."""
    same = Schedule(quiet_from=time(8), quiet_until=time(8))
    assert told(same, "2026-11-23 03:00") == "2026-11-23 03:00"

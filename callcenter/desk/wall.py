"""The team's figures for the wall: no names, no ranking. A wait counts from the joining of the queue."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.desk.board import AgentLine, DayFigures, agents_on_duty, read_floor
from callcenter.routing.callbacks import CallbacksOwed
from callcenter.routing.models import AgentStatus, QueueEntry
from callcenter.routing.redialling import waiting_since
from callcenter.telephony.models import Call, CallDirection

SERVICE_LEVEL_AIM = 90  # per cent within 20 s, as emergency centres ask of ordinary calls (NENA-STA-020: 90 % in 15 s)
_WEEKS = 4
_OPENS, _CLOSES = 14, 38  # half-hours of a day: 7:00 to 19:00, the hours of a secretariat


@dataclass(frozen=True, slots=True)
class TeamCounts:
    """How many operators do what; whoever has lost her connection, or has a patient on hold, is counted there alone."""

    on_duty: int
    talking: int
    ringing: int
    available: int
    holding: int
    wrapping_up: int
    breathing: int
    away: int
    lost: int


@dataclass(frozen=True, slots=True)
class Wall:
    """What hangs on the wall now: callers on the line, and since when the one waits who waits longest.

    Whoever has hung up and is to be rung back counts among those ``owed`` a call.
    """

    waiting: int
    longest_since: datetime | None
    today: DayFigures
    team: TeamCounts
    relays: int
    owed: CallbacksOwed


@dataclass(frozen=True, slots=True)
class HalfHour:
    """The calls of one half-hour, in the centre's zone; ``expected`` is the mean of the same weekday before, or None.

    ``is_running``: it is not over yet.
    """

    starts: time
    received: int
    expected: float | None
    is_running: bool


def read_wall(session: Session, *, zone: ZoneInfo, at: datetime) -> Wall:
    """The wall's figures; the day begins at midnight in ``zone``. Needs a scope that sees every practice."""
    floor = read_floor(session, 0, zone=zone, at=at)
    return Wall(
        waiting=floor.on_the_line,
        longest_since=floor.longest.joined_at if floor.longest else None,
        today=floor.today,
        team=count_team(agents_on_duty(session, at=at)),
        relays=floor.relays,
        owed=floor.owed,
    )


def count_team(agents: Iterable[AgentLine]) -> TeamCounts:
    """Who does what, each operator counted once."""
    counts = Counter(_doing(one) for one in agents)
    return TeamCounts(
        on_duty=counts.total(),
        talking=counts[AgentStatus.ON_CALL],
        ringing=counts[AgentStatus.RESERVED],
        available=counts[AgentStatus.AVAILABLE],
        holding=counts["holding"],
        wrapping_up=counts[AgentStatus.WRAP_UP],
        breathing=counts["breathing"],
        away=counts[AgentStatus.BREAK],
        lost=counts["lost"],
    )


def read_half_hours(session: Session, *, zone: ZoneInfo, at: datetime) -> list[HalfHour]:
    """Today's calls by half-hour, beside the mean of the same weekday of the last four weeks that had any call."""
    today = at.astimezone(zone).date()
    days = [today - timedelta(weeks=weeks) for weeks in range(_WEEKS + 1)]
    received = {day: _received_on(session, day, zone) for day in days}
    return half_hours(received[today], [received[day] for day in days[1:] if received[day]], zone=zone, at=at)


def half_hours(
    today: Iterable[datetime], before: Sequence[Iterable[datetime]], *, zone: ZoneInfo, at: datetime
) -> list[HalfHour]:
    """Count the calls of today and of earlier days by half-hour of the wall clock.

    From 7 to 19 h, or wider when calls came outside. On the night the clock goes back its hour counts twice.
    """
    received = Counter(_half_hour(one, zone) for one in today)
    earlier = [Counter(_half_hour(one, zone) for one in day) for day in before]
    seen = [number for counts in (received, *earlier) for number in counts]
    present = _half_hour(at, zone)
    first, last = min([_OPENS, *seen]), max([_CLOSES - 1, *seen])
    return [
        HalfHour(
            starts=time(number // 2, 30 * (number % 2)),
            received=received[number],
            expected=sum(counts[number] for counts in earlier) / len(earlier) if earlier else None,
            is_running=number == present,
        )
        for number in range(first, last + 1)
    ]


def _doing(one: AgentLine) -> str:
    if one.is_lost:
        return "lost"
    if one.held_since is not None:
        return "holding"
    if one.status is AgentStatus.BREAK and one.breather_until is not None:
        return "breathing"
    return one.status


def _received_on(session: Session, day: date, zone: ZoneInfo) -> Sequence[datetime]:
    begins, ends = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    # Whoever had a place in the queue: a caller who heard that the line is closed asked nothing of the team.
    query = (
        select(waiting_since())
        .select_from(QueueEntry)
        .join(Call, Call.id == QueueEntry.call_id)
        .where(waiting_since() >= begins, waiting_since() < ends, Call.direction == CallDirection.INBOUND)
    )
    return session.scalars(query).all()


def _half_hour(instant: datetime, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone)
    return 2 * local.hour + local.minute // 30

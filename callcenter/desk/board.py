"""The floor at this moment, as its supervisor reads it: who waits, who does what, how the day goes, what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from callcenter.desk.models import EmergencyRelay
from callcenter.desk.queue_view import WaitingCall, waiting_calls
from callcenter.directory.models import Practice, Staff
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.routing.callbacks import CallbacksOwed, callbacks_owed
from callcenter.routing.models import Agent, AgentStatus, Callback, CallbackStatus, QueueEntry, QueueEntryStatus
from callcenter.routing.redialling import waiting_since
from callcenter.telephony.models import Call, CallDirection, CallStatus, Leg, LegRole, MisdialledCall

ANSWERED_WITHIN = timedelta(seconds=20)
# Whoever hangs up sooner mostly dialled wrong: they count neither for nor against.
ABANDONED_AFTER = timedelta(seconds=5)
_GONE_ELSEWHERE = (QueueEntryStatus.OVERFLOW, QueueEntryStatus.CALLBACK)
# The order in which a supervisor looks: who works, who could, who is away.
STATUS_ORDER = (
    AgentStatus.ON_CALL,
    AgentStatus.RESERVED,
    AgentStatus.AVAILABLE,
    AgentStatus.WRAP_UP,
    AgentStatus.BREAK,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one caller's waiting went, from her joining the queue: the carrier's first signal, as a rule.

    ``is_elsewhere``: she was answered where her practice had her sent, is on her way there, or asked to be rung back.
    """

    joined_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The calls that came in today until now, each once; calls of ours count nowhere.

    Those hung up within 5 s, put through elsewhere or promised a call are left out of ``counted``.
    """

    received: int
    answered: int
    answered_in_time: int
    abandoned: int

    @property
    def counted(self) -> int:
        """Calls whose waiting has ended, in an answer or in a loss."""
        return self.answered + self.abandoned

    @property
    def service_level(self) -> int | None:
        """Per cent of the counted calls answered within 20 s; None before the first."""
        return None if not self.counted else round(100 * self.answered_in_time / self.counted)

    @property
    def abandoned_share(self) -> float | None:
        """Per cent of the counted calls that were lost; None before the first."""
        return None if not self.counted else round(100 * self.abandoned / self.counted, 1)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One operator on duty; ``practice_name`` is whose call she has, ``held_since`` tells of hold music."""

    staff_id: int
    name: str
    status: AgentStatus
    since: datetime
    is_lost: bool  # her presence has lapsed: the page is closed, or the line is cut
    missed_call: bool
    breather_until: datetime | None  # a break after a hard call: until then it counts as work; None once it is over
    practice_name: str
    held_since: datetime | None


@dataclass(frozen=True, slots=True)
class Misdialled:
    """A call to a number that no practice has."""

    to_number: str
    from_number: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Unreached:
    """A caller who was owed a call and answered none of three tries: it stands until somebody decides what to do."""

    callback_id: int
    number: str  # E.164
    practice_name: str
    opened_at: datetime
    is_urgent: bool  # she was lost in an emergency


@dataclass(frozen=True, slots=True)
class Incidents:
    """What the carrier or the numbers did that a person should know."""

    texts_delayed: int  # tried in vain, waiting for their next attempt
    delayed_since: datetime | None
    misdialled: list[Misdialled]
    relays: int  # emergency relays not yet taken over
    unreached: list[Unreached]


@dataclass(frozen=True, slots=True)
class Floor:
    """Who waits, and the day so far; ``longest`` is whoever has waited longest on the line.

    ``waiting`` are all who have a place, as the desks list them; ``on_the_line`` how many of them have not hung up.
    """

    waiting: list[WaitingCall]
    on_the_line: int
    longest: WaitingCall | None
    today: DayFigures
    relays: int
    owed: CallbacksOwed


def read_floor(session: Session, staff_id: int, *, zone: ZoneInfo, at: datetime) -> Floor:
    """The waiting callers and the day's figures; the day begins at midnight in ``zone``."""
    waiting = waiting_calls(session, staff_id)
    on_the_line = [one for one in waiting if one.is_on_the_line]
    return Floor(
        waiting=waiting,
        on_the_line=len(on_the_line),
        longest=min(on_the_line, key=lambda one: one.joined_at, default=None),
        today=day_figures(_outcomes(session, since=_midnight(at, zone))),
        relays=_open_relays(session),
        owed=callbacks_owed(session, at=at),
    )


def day_figures(outcomes: Iterable[Outcome]) -> DayFigures:
    """Count a day's outcomes; a caller who still waits, or is elsewhere, is received and nothing more."""
    received = answered = in_time = abandoned = 0
    for one in outcomes:
        received += 1
        if one.is_elsewhere:
            continue
        if one.answered_at is not None:
            answered += 1
            in_time += one.answered_at - one.joined_at <= ANSWERED_WITHIN
        elif one.ended_at is not None and one.ended_at - one.joined_at > ABANDONED_AFTER:
            abandoned += 1
    return DayFigures(received=received, answered=answered, answered_in_time=in_time, abandoned=abandoned)


def agents_on_duty(session: Session, *, at: datetime) -> list[AgentLine]:
    """Every operator who is not off duty, those on a call first. One query."""
    held = and_(Leg.call_id == Agent.call_id, Leg.role == LegRole.PATIENT, Leg.on_hold)
    rows = session.execute(
        select(Agent, Staff.name, Practice.name, Leg.held_at)
        .join(Staff, Staff.id == Agent.staff_id)
        .outerjoin(Call, Call.id == Agent.call_id)
        .outerjoin(Practice, Practice.id == Call.practice_id)
        .outerjoin(Leg, held)
        .where(Agent.status != AgentStatus.OFFLINE)
    )
    lines = [
        AgentLine(
            staff_id=agent.staff_id,
            name=name,
            status=AgentStatus(agent.status),
            since=agent.status_since,
            is_lost=agent.lease_until < at,
            missed_call=agent.missed_call,
            breather_until=_breathes_until(agent, at=at),
            practice_name=practice_name or "",
            held_since=held_since if agent.status == AgentStatus.ON_CALL else None,
        )
        for agent, name, practice_name, held_since in rows
    ]
    return sorted(lines, key=lambda line: (STATUS_ORDER.index(line.status), line.since, line.staff_id))


def _breathes_until(agent: Agent, *, at: datetime) -> datetime | None:
    if agent.status != AgentStatus.BREAK or agent.breather_until is None or agent.breather_until <= at:
        return None
    return agent.breather_until


def read_incidents(session: Session, *, zone: ZoneInfo, at: datetime, limit: int = 10) -> Incidents:
    """What needs a person's eye today, newest first; callers who could not be rung back, of whatever day."""
    delayed, since = session.execute(
        select(func.count(OutboxMessage.id), func.min(OutboxMessage.created_at)).where(
            OutboxMessage.channel == OutboxChannel.SMS,
            OutboxMessage.status == OutboxStatus.PENDING,
            OutboxMessage.attempts > 0,
        )
    ).one()
    misdialled = session.scalars(
        select(MisdialledCall)
        .where(MisdialledCall.received_at >= _midnight(at, zone))
        .order_by(MisdialledCall.received_at.desc())
        .limit(limit)
    )
    return Incidents(
        texts_delayed=delayed,
        delayed_since=since,
        misdialled=[Misdialled(one.to_number, one.from_number, one.received_at) for one in misdialled],
        relays=_open_relays(session),
        unreached=[
            Unreached(*row)
            for row in session.execute(
                select(Callback.id, Callback.number, Practice.name, Callback.opened_at, Callback.urgent)
                .join(Practice, Practice.id == Callback.practice_id)
                .where(Callback.status == CallbackStatus.UNREACHED)
                .order_by(Callback.urgent.desc(), Callback.opened_at, Callback.id)
            )
        ],
    )


def _outcomes(session: Session, *, since: datetime) -> list[Outcome]:
    # From her place in the queue, which she has with the carrier's first signal; at a gate nobody could have taken her.
    rows = session.execute(
        select(waiting_since(), Call.answered_at, Call.ended_at, QueueEntry.status)
        .select_from(Call)
        .join(QueueEntry, QueueEntry.call_id == Call.id)
        # The call of ours that rings her back is no second caller, however often nobody answers it.
        .where(waiting_since() >= since, Call.direction == CallDirection.INBOUND)
    )
    return [
        Outcome(joined_at, answered_at, ended_at, is_elsewhere=status in _GONE_ELSEWHERE)
        for joined_at, answered_at, ended_at, status in rows
    ]


def _open_relays(session: Session) -> int:
    return (
        session.scalar(
            select(func.count(EmergencyRelay.call_id))
            .join(Call, Call.id == EmergencyRelay.call_id)
            .where(EmergencyRelay.taken_over_at.is_(None), Call.status != CallStatus.ENDED)
        )
        or 0
    )


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

"""Who is beside whom, and why: for the operator's card, and for the board, today's list included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased

from callcenter.core.audit import AuditEntry
from callcenter.desk.models import EmergencyRelay, Supervision
from callcenter.desk.supervising import true_mode
from callcenter.desk.supervising_rules import SupervisionMode
from callcenter.directory.models import Practice, Staff
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import AlarmKind, Call, CallAlarm, Leg, LegStatus
from callcenter.telephony.statuses import CANCELED

_ACT = "supervision."
UNREACHED_FOR = timedelta(minutes=10)  # how long she is told; the day's list keeps it


@dataclass(frozen=True, slots=True)
class Watcher:
    """A supervisor in an operator's call. ``is_there``: her telephone is in it; before, it still rings."""

    name: str
    mode: SupervisionMode
    reason: str
    began_at: datetime
    is_there: bool


@dataclass(frozen=True, slots=True)
class ModeSince:
    """How a supervisor was in a call from this instant on."""

    mode: SupervisionMode
    since: datetime


@dataclass(frozen=True, slots=True)
class SupervisionLine:
    """One supervision, as the board keeps it; ``ended_at`` None while it lasts.

    ``was_there``: her telephone has come into the call; else ``failure`` may say why not, a message id.
    """

    id: int
    supervisor_id: int
    supervisor_name: str
    operator_name: str
    practice_name: str
    mode: SupervisionMode
    reason: str
    began_at: datetime
    ended_at: datetime | None
    is_there: bool
    was_there: bool
    failure: str
    modes: Sequence[ModeSince]


@dataclass(frozen=True, slots=True)
class OperatorOnCall:
    """An operator beside whom a supervisor may be; ``asks``: she pressed her shield."""

    staff_id: int
    name: str
    practice_name: str
    since: datetime
    asks: bool
    in_emergency: bool


def watchers_of(session: Session, call_id: int) -> list[Watcher]:
    """Every supervisor who is in this call, or whose telephone rings for it. One query."""
    rows = session.execute(
        select(Supervision, Leg, Staff.name)
        .join(Leg, Leg.id == Supervision.leg_id)
        .join(Staff, Staff.id == Supervision.supervisor_id)
        .where(Supervision.call_id == call_id, Supervision.ended_at.is_(None))
        .order_by(Supervision.id)
    )
    return [
        Watcher(name, true_mode(one, leg), one.reason, one.began_at, leg.status == LegStatus.JOINED)
        for one, leg, name in rows
    ]


def operators_on_calls(session: Session, *, but: int) -> list[OperatorOnCall]:
    """Every operator who talks now, but for the one who asks; those who ask for help first."""
    alarm = and_(CallAlarm.call_id == Call.id, CallAlarm.kind == AlarmKind.ABUSE, CallAlarm.cleared_at.is_(None))
    relay = and_(EmergencyRelay.call_id == Call.id, EmergencyRelay.taken_over_at.is_(None))
    rows = session.execute(
        select(Agent, Staff.name, Practice.name, CallAlarm.id, EmergencyRelay.call_id)
        .join(Staff, Staff.id == Agent.staff_id)
        .join(Call, Call.id == Agent.call_id)
        .join(Practice, Practice.id == Call.practice_id)
        .outerjoin(CallAlarm, alarm)
        .outerjoin(EmergencyRelay, relay)
        .where(Agent.status == AgentStatus.ON_CALL, Agent.staff_id != but)
    )
    found = [
        OperatorOnCall(agent.staff_id, name, practice, agent.status_since, alarm_id is not None, relay_id is not None)
        for agent, name, practice, alarm_id, relay_id in rows
    ]
    return sorted(found, key=lambda one: (not one.asks, one.since, one.staff_id))


def own_supervision(session: Session, supervisor_id: int) -> SupervisionLine | None:
    """Beside whom this supervisor is now."""
    lines = _lines(session, _all().where(Supervision.supervisor_id == supervisor_id, Supervision.ended_at.is_(None)))
    return lines[0] if lines else None


def unreached_supervision(session: Session, supervisor_id: int, *, at: datetime) -> SupervisionLine | None:
    """Her latest supervision, when her telephone was not reached for it a moment ago; not one that she gave up."""
    newest = (
        select(Supervision.id)
        .where(Supervision.supervisor_id == supervisor_id)
        .order_by(Supervision.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    lines = _lines(
        session,
        _all().where(
            Supervision.id == newest,
            Supervision.ended_at > at - UNREACHED_FOR,
            Leg.status == LegStatus.FAILED,
            Leg.failure != CANCELED,
        ),
    )
    return lines[0] if lines else None


def supervisions_today(session: Session, *, zone: ZoneInfo, at: datetime) -> list[SupervisionLine]:
    """The supervisions since midnight in ``zone``, those that last included; the newest first. Two queries."""
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return _lines(session, _all().where(Supervision.began_at >= midnight).order_by(Supervision.id.desc()))


def _all() -> Select[Supervision, Leg, str, str, str]:
    supervisor, operator = aliased(Staff), aliased(Staff)
    return (
        select(Supervision, Leg, supervisor.name, operator.name, Practice.name)
        .join(Leg, Leg.id == Supervision.leg_id)
        .join(supervisor, supervisor.id == Supervision.supervisor_id)
        .join(operator, operator.id == Supervision.operator_id)
        .join(Practice, Practice.id == Supervision.practice_id)
    )


def _lines(session: Session, found: Select[Supervision, Leg, str, str, str]) -> list[SupervisionLine]:
    rows = session.execute(found).all()
    subjects = [f"supervision {one.id}" for one, *_ in rows]
    acts = session.execute(
        select(AuditEntry.subject, AuditEntry.action, AuditEntry.acted_at)
        .where(
            AuditEntry.subject.in_(subjects),
            AuditEntry.action.in_([f"{_ACT}{mode.value}" for mode in SupervisionMode]),
        )
        .order_by(AuditEntry.id)
    ).all()
    return [
        SupervisionLine(
            id=one.id,
            supervisor_id=one.supervisor_id,
            supervisor_name=supervisor,
            operator_name=operator,
            practice_name=practice,
            mode=SupervisionMode(one.mode) if one.ended_at else true_mode(one, leg),
            reason=one.reason,
            began_at=one.began_at,
            ended_at=one.ended_at,
            is_there=leg.status == LegStatus.JOINED,
            was_there=leg.joined_at is not None,
            failure=leg.failure,
            modes=[
                ModeSince(SupervisionMode(action.removeprefix(_ACT)), acted_at)
                for subject, action, acted_at in acts
                if subject == f"supervision {one.id}"
            ],
        )
        for one, leg, supervisor, operator, practice in rows
    ]

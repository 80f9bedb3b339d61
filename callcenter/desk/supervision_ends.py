"""When a supervisor is beside an operator no more, and what is kept of each step of hers."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import Supervision
from callcenter.desk.supervising_rules import SupervisionMode
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.statuses import GOING_ON
from callcenter.telephony.sweeping import hang_up_legs

OVER = (LegStatus.LEFT, LegStatus.FAILED)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10


def follow_supervisor(session: Session, event: LegChanged) -> None:
    """Her telephone is out of the call: she is beside nobody any more."""
    if event.role is LegRole.SUPERVISOR and event.status in OVER:
        _end(session, Supervision.leg_id == event.leg_id, at=event.at)


def end_with_call(session: Session, event: CallEnded) -> None:
    """The patient has left: there is nothing more to hear."""
    _end(session, Supervision.call_id == event.call_id, at=event.at)


def let_supervisors_go(database: Database, provider: Provider, clock: Clock) -> None:
    """Hang up supervisors whose operator has left the call, unless they speak with the patient; run every second.

    Whoever takes it next has not been told by anybody that she is listened to, and why.
    """
    with database.reading(_SCOPE) as session:
        is_there = exists().where(
            Agent.staff_id == Supervision.operator_id,
            Agent.call_id == Supervision.call_id,
            Agent.status == AgentStatus.ON_CALL,
        )
        found = session.scalars(
            select(Leg.id)
            .join(Call, Call.id == Leg.call_id)
            .join(Supervision, Supervision.leg_id == Leg.id)
            .where(
                Call.status.in_(GOING_ON),
                Leg.status.not_in(OVER),
                or_(
                    Supervision.ended_at.is_not(None),
                    and_(Supervision.mode != SupervisionMode.JOIN, ~is_there),
                ),
            )
            .order_by(Leg.id)
            .limit(_AT_ONCE)
        ).all()
    hang_up_legs(database, provider, found, clock)


def _end(session: Session, which: ColumnElement[bool], *, at: datetime) -> None:
    with whole_floor(session):
        for one in session.scalars(select(Supervision).where(which, Supervision.ended_at.is_(None))).all():
            ended = update(Supervision).where(Supervision.id == one.id, Supervision.ended_at.is_(None))
            if was_changed(session, ended.values(ended_at=at)):
                note_supervision(session, one, "left", staff_id=one.supervisor_id, at=at)


def note_supervision(session: Session, supervision: Supervision, what: str, *, staff_id: int, at: datetime) -> None:
    """Kept for good, and told to every screen that shows it."""
    record_act(
        session,
        f"supervision.{what}",
        f"supervision {supervision.id}",
        staff_id=staff_id,
        practice_id=supervision.practice_id,
        at=at,
    )
    touch(session, "queue", f"call-{supervision.call_id}", f"desk-{supervision.operator_id}")

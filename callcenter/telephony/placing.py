"""The rein on the calls we place: one row that paces them and can stop them, and the count of the last hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.core.training import LIVE, refusal_in_training
from callcenter.telephony.lines import is_emergency_line, mode_of_practice
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus, PlacingControl
from callcenter.telephony.placing_rules import (
    COUNTED_FOR,
    OUTSIDE,
    CallCounts,
    PlacingOrder,
    interval,
    refusal_now,
    refusal_of_number,
    turn_at,
)

_ROW = 1
_SUBJECT = "placing_control 1"
# Longer than anybody waits for a telephone to be rung: one that is never rung may not keep the others waiting.
_STANDS_IN_LINE_FOR = timedelta(seconds=40)
_WANTED: ColumnElement[str] = literal_column("'wanted'")  # written out, so that the index of the few wanted legs serves
_ON_ITS_WAY = (LegStatus.WANTED, LegStatus.DIALLING, LegStatus.RINGING, LegStatus.JOINED)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the rein said of a call at an instant: it leaves then, is refused (a message id), or waits for its turn."""

    at: datetime
    refusal: str = ""
    not_before: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether it leaves now."""
        return not self.refusal and self.not_before is None


@dataclass(frozen=True, slots=True)
class PlacingView:
    """The rein as a supervisor reads it; counts are of the last hour, outside numbers only. Instants are UTC."""

    placed: int
    caps: CallCounts
    busiest_practice: tuple[int, int] | None  # its id and its calls
    busiest_operator: tuple[int, int] | None
    waiting: int  # telephones that wait for their turn at the carrier's pace
    stopped_at: datetime | None
    stopped_by: int | None
    reason: str


def take_turn(session: Session, leg: Leg, *, settings: Settings, clock: Clock) -> Turn:
    """Ask for the turn of a wanted leg whose call is locked; a turn that is now is used up, and counts once committed.

    Whoever asks holds the one row until the end of the transaction, so that two never leave in one instant or pass a
    cap together. Emergency calls do not touch it: nothing can make them wait.
    """
    is_exempt = leg.role == LegRole.EMERGENCY or (
        leg.role == LegRole.PATIENT and _emergency_waits(session, leg.call_id)
    )
    order = PlacingOrder(LegRole(leg.role), leg.address, is_exempt)
    never = refusal_of_number(order, countries=settings.countries) or _refusal_in_training(session, leg)
    if is_exempt or never:
        return Turn(clock.now(), never)
    control = _lock(session)
    at = clock.now()  # only now: others may have had the row meanwhile
    placed = _placed(session, leg, at=at) if order.is_outside else CallCounts()
    refusal = refusal_now(order, placed, caps_of(settings), is_stopped=control.stopped_at is not None)
    if refusal:
        return Turn(at, refusal)
    ahead = _standing_in_line(session, leg, at=at)
    turn = turn_at(control.next_at, ahead=ahead, per_second=settings.calls_per_second, at=at)
    if turn > at:
        return Turn(at, not_before=turn)
    control.next_at = at + interval(settings.calls_per_second)
    return Turn(at)


def _refusal_in_training(session: Session, leg: Leg) -> str:
    """The net under every path that rings somebody: a practice in training reaches no real emergency line.

    A patient takes part on the telephone that she rang from. Any other number was typed, and may be anybody's.
    """
    mode = mode_of_practice(session, leg.practice_id)
    if mode == LIVE:
        return ""
    rang_from = select(Call.id).where(Call.id == leg.call_id, Call.from_number == leg.address)
    is_hers = leg.role == LegRole.PATIENT and session.scalar(rang_from) is not None
    return refusal_in_training(
        mode,
        leg.address,
        takes_part=is_hers or leg.role in {LegRole.OPERATOR, LegRole.SUPERVISOR},
        is_emergency_line=is_emergency_line(session, leg.address),
    )


def take_turn_again(session: Session, *, settings: Settings, clock: Clock) -> bool:
    """Use the present instant to tell the carrier once more of a leg that was allowed before; whether it is free."""
    control = _lock(session)
    at = clock.now()
    if turn_at(control.next_at, ahead=0, per_second=settings.calls_per_second, at=at) > at:
        return False
    control.next_at = at + interval(settings.calls_per_second)
    return True


def stop_placing(session: Session, reason: str, *, staff_id: int, at: datetime) -> None:
    """Stop the calls we place to outside numbers; stopped twice, the first reason stands.

    Raises ``Invalid`` without a reason: whoever comes next must know why.
    """
    why = clean_line(reason, limit=200)
    if not why:
        raise Invalid(N_("Say why: your colleagues read it. Example: unknown calls abroad."), field="reason")
    control = _lock(session)
    if control.stopped_at is not None:
        return
    control.stopped_at, control.stopped_by, control.reason = at, staff_id, why
    record_act(session, "placing_stopped", _SUBJECT, at=at, staff_id=staff_id)
    touch(session, "queue")


def allow_placing(session: Session, *, staff_id: int, at: datetime) -> None:
    """Let the calls we place leave again; allowed twice, nothing changes."""
    control = _lock(session)
    if control.stopped_at is None:
        return
    control.stopped_at, control.stopped_by, control.reason = None, None, ""
    record_act(session, "placing_allowed", _SUBJECT, at=at, staff_id=staff_id)
    touch(session, "queue")


def placing_view(session: Session, *, settings: Settings, at: datetime) -> PlacingView:
    """The rein at this moment. Needs a scope that sees every practice."""
    control = session.get_one(PlacingControl, _ROW)
    rows = session.execute(
        select(Leg.practice_id, Leg.staff_id, func.count())
        .join(Call, Call.id == Leg.call_id)
        .where(*_placed_outside(at))
        .group_by(Leg.practice_id, Leg.staff_id)
    )
    practices: dict[int, int] = {}
    operators: dict[int, int] = {}
    for practice_id, staff_id, number in rows:
        practices[practice_id] = practices.get(practice_id, 0) + number
        if staff_id is not None:
            operators[staff_id] = operators.get(staff_id, 0) + number
    waiting = session.scalar(
        select(func.count())
        .select_from(Leg)
        .join(Call, Call.id == Leg.call_id)
        .where(Leg.status == _WANTED, Call.status != CallStatus.ENDED)
    )
    return PlacingView(
        placed=sum(practices.values()),
        caps=caps_of(settings),
        busiest_practice=max(practices.items(), key=lambda one: one[1], default=None),
        busiest_operator=max(operators.items(), key=lambda one: one[1], default=None),
        waiting=waiting or 0,
        stopped_at=control.stopped_at,
        stopped_by=control.stopped_by,
        reason=control.reason,
    )


def caps_of(settings: Settings) -> CallCounts:
    """The calls to outside numbers that may be placed within an hour."""
    return CallCounts(
        operator=settings.calls_per_hour_operator,
        practice=settings.calls_per_hour_practice,
        centre=settings.calls_per_hour,
    )


def _lock(session: Session) -> PlacingControl:
    found = select(PlacingControl).where(PlacingControl.id == _ROW).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _placed(session: Session, leg: Leg, *, at: datetime) -> CallCounts:
    centre, practice, operator = session.execute(
        select(
            func.count(),
            func.count().filter(Leg.practice_id == leg.practice_id),
            func.count().filter(Leg.staff_id == leg.staff_id),
        )
        .select_from(Leg)
        .join(Call, Call.id == Leg.call_id)
        .where(*_placed_outside(at))
    ).one()
    return CallCounts(operator=operator if leg.staff_id is not None else 0, practice=practice, centre=centre)


def _placed_outside(at: datetime) -> tuple[ColumnElement[bool], ...]:
    # The leg that carries the call's own SID is the caller's: she rang us.
    rung_by_us = or_(Leg.sid.is_(None), Leg.sid != Call.sid)
    return (Leg.dialled_at > at - COUNTED_FOR, Leg.role.in_(OUTSIDE), rung_by_us)


def _standing_in_line(session: Session, leg: Leg, *, at: datetime) -> int:
    """How many telephones were wanted before this one and wait still."""
    earlier = or_(Leg.wanted_at < leg.wanted_at, and_(Leg.wanted_at == leg.wanted_at, Leg.id < leg.id))
    found = session.scalar(
        select(func.count())
        .select_from(Leg)
        .join(Call, Call.id == Leg.call_id)
        .where(
            Leg.status == _WANTED,
            Leg.role != LegRole.EMERGENCY,
            Leg.wanted_at > at - _STANDS_IN_LINE_FOR,
            earlier,
            Call.status != CallStatus.ENDED,
        )
    )
    return found or 0


def _emergency_waits(session: Session, call_id: int) -> bool:
    """Whether the relay is open, or the emergency line on its way or there: somebody waits for the patient."""
    line = exists().where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status.in_(_ON_ITS_WAY))
    return session.scalar(select(Call.id).where(Call.id == call_id, or_(Call.in_emergency, line))) is not None

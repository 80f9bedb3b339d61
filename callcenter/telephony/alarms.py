"""What somebody must see at once: raised and cleared with the fact it tells of, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.insertion import insert_new
from callcenter.telephony.models import AlarmKind, Call, CallAlarm, Leg


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that stands. ``raised_at`` is UTC; ``number`` is E.164, None when there is none to ring."""

    call_id: int
    practice_id: int
    kind: AlarmKind
    raised_at: datetime
    number: str | None


def raise_alarm(session: Session, call: Call, kind: AlarmKind, *, at: datetime) -> None:
    """Raise it; raised twice, it is the first."""
    is_new = insert_new(session, CallAlarm, call_id=call.id, practice_id=call.practice_id, kind=kind, raised_at=at)
    if is_new:
        _tell_screens(session, call.id)


def clear_alarm(session: Session, call: Call, kind: AlarmKind, *, at: datetime) -> None:
    """Clear it; the row stays as a fact. Clearing what does not stand changes nothing."""
    session.execute(
        update(CallAlarm)
        .where(CallAlarm.call_id == call.id, CallAlarm.kind == kind, CallAlarm.cleared_at.is_(None))
        .values(cleared_at=at)
    )
    _tell_screens(session, call.id)


def open_alarms(session: Session) -> list[OpenAlarm]:
    """Every alarm that stands and the session may see, the oldest first."""
    rows = session.execute(
        select(CallAlarm, Call)
        .join(Call, Call.id == CallAlarm.call_id)
        .where(CallAlarm.cleared_at.is_(None))
        .order_by(CallAlarm.raised_at, CallAlarm.id)
    )
    return [
        OpenAlarm(
            call_id=call.id,
            practice_id=call.practice_id,
            kind=AlarmKind(alarm.kind),
            raised_at=alarm.raised_at,
            number=call.callback_number or call.from_number,
        )
        for alarm, call in rows
    ]


def _tell_screens(session: Session, call_id: int) -> None:
    staff = session.scalars(select(Leg.staff_id).where(Leg.call_id == call_id, Leg.staff_id.is_not(None)).distinct())
    touch(session, "queue", f"call-{call_id}", *(f"desk-{staff_id}" for staff_id in staff))

"""Ringing back whoever is owed a call: taken from the list or offered, rung once the operator is there, tried again."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_, format_time
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, Staff
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.callback_rules import may_be_rung, next_try
from callcenter.routing.callbacks import place_call
from callcenter.routing.events import CallAbandoned, CallAccepted
from callcenter.routing.models import OWED, Callback, CallbackReason, CallbackStatus, QueueEntry, QueueEntryStatus
from callcenter.routing.taking import pull_call
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.outbound import end_outbound_call, want_patient

_SCOPE = Centre(CentreReason.DISTRIBUTION)


def take_callback(session: Session, callback_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Ring a caller back: the operator's own leg, to dial once this is committed; the patient's follows when she is in.

    Taken twice by the same operator, it is the same leg. Raises ``NotFound``; ``Conflict`` when a colleague was faster,
    when it is done, when it is night at the practice (but for an emergency), when she is not available or not
    qualified; ``Invalid`` when she has no telephone.
    """
    with whole_floor(session):
        # The call that rings her first, as whoever accepts its offer does: the other way round they wait in a circle.
        placed_id = session.scalar(select(Callback.outbound_call_id).where(Callback.id == callback_id))
        if placed_id is not None:
            lock_call(session, placed_id)
        owed = session.scalar(select(Callback).where(Callback.id == callback_id).with_for_update())
        if owed is None:
            raise NotFound(N_("There is no such call-back."))
        if owed.outbound_call_id != placed_id:
            raise Conflict(N_("This call-back has just changed. Look again."))
        entry_id = _entry_of(session, owed)
        if owed.status == CallbackStatus.TAKEN and owed.taken_by != staff_id:
            colleague = session.scalars(select(Staff).where(Staff.id == owed.taken_by)).one()
            raise Conflict(N_("%(name)s is ringing this caller back."), name=colleague.first_name or colleague.name)
        if owed.status not in OWED:
            raise Conflict(N_("This caller was spoken with already. Nothing is left to do."))
        if entry_id is None:
            _refuse_now(session, owed, at=at)
            _refuse_waiting(session, owed)
            call = session.scalars(select(Call).where(Call.id == owed.call_id)).one()
            outbound = place_call(session, owed, call, joined_at=owed.opened_at, ahead=0, at=at)
            entry_id = session.scalars(select(QueueEntry.id).where(QueueEntry.call_id == outbound.id)).one()
        return pull_call(session, entry_id, staff_id=staff_id, at=at)


def note_taken(session: Session, event: CallAccepted) -> None:
    """An operator has taken a call of ours: the others see that the caller is being rung back."""
    with whole_floor(session):
        taken = (
            update(Callback)
            .where(Callback.outbound_call_id == event.call_id, Callback.status.in_(OWED))
            .values(status=CallbackStatus.TAKEN, taken_by=event.staff_id, taken_at=event.at)
        )
        if was_changed(session, taken):
            touch(session, "queue")


def bring_in_patient(session: Session, event: LegChanged) -> None:
    """The operator who rings somebody back is on the line: now the patient's telephone is wanted."""
    if event.role is LegRole.OPERATOR and event.status is LegStatus.JOINED:
        with whole_floor(session):
            want_patient(session, event.call_id, at=event.at)


def reopen_callback(session: Session, event: CallEnded) -> None:
    """A call of ours is over and she was not spoken with: once more in ten minutes, three times in all.

    A try counts once her telephone was rung. After the third a supervisor decides: it stays to be seen.
    """
    with whole_floor(session):
        owed = session.scalar(
            select(Callback).where(Callback.outbound_call_id == event.call_id, Callback.status.in_(OWED))
        )
        if owed is None:
            return
        rung = select(Leg.id).where(
            Leg.call_id == event.call_id, Leg.role == LegRole.PATIENT, Leg.dialled_at.is_not(None)
        )
        attempts = owed.attempts + (session.scalar(rung.limit(1)) is not None)
        following = next_try(attempts, at=event.at) if attempts > owed.attempts else owed.not_before
        values = {
            "attempts": attempts,
            "status": CallbackStatus.OPEN if following is not None else CallbackStatus.UNREACHED,
            "not_before": following or event.at,
            "closed_at": None if following is not None else event.at,
            "taken_by": None,
            "taken_at": None,
            "outbound_call_id": None,
        }
        session.execute(update(Callback).where(Callback.id == owed.id, Callback.status.in_(OWED)).values(**values))
        touch(session, "queue")


def place_again(session: Session, event: CallAbandoned) -> None:
    """Who had asked to be rung back, rang herself and gave up: a call of ours has the place that she took over."""
    with whole_floor(session):
        row = session.execute(
            select(Callback, Call, QueueEntry)
            .join(Call, Call.id == Callback.call_id)
            .join(QueueEntry, QueueEntry.call_id == Call.id)
            .where(
                Callback.call_id == event.call_id,
                Callback.reason == CallbackReason.ASKED,
                Callback.status == CallbackStatus.OPEN,
                Callback.outbound_call_id.is_(None),
                # Not one who did not take up our last try a moment ago.
                Callback.not_before <= event.at,
            )
        ).one_or_none()
        if row is None:
            return
        owed, call, place = row
        if _waits(session, owed):
            return  # at another telephone of hers: ours would find it engaged
        # Given up at that other one, she keeps what she was promised at the first.
        joined_at = min(place.joined_at, owed.opened_at)
        place_call(session, owed, call, joined_at=joined_at, ahead=place.ahead, at=event.at)
        touch(session, "queue")


def rest_at_night(database: Database, clock: Clock) -> int:
    """Take the calls that we owe out of the queue when people may not be rung any more; how many.

    They stay on the list, for the morning. An emergency does not wait for it.
    """
    at = clock.now()
    with database.reading(_SCOPE) as session:
        rows = session.execute(
            select(Call.id, Practice.zone, Call.received_at, Callback.urgent)
            .join(Callback, Callback.outbound_call_id == Call.id)
            .join(QueueEntry, QueueEntry.call_id == Call.id)
            .join(Practice, Practice.id == Callback.practice_id)
            .where(Callback.status.in_(OWED), QueueEntry.status == QueueEntryStatus.WAITING)
        ).all()
    resting = [
        call_id
        for call_id, zone, asked_at, urgent in rows
        if not may_be_rung(at, zone, asked_at=asked_at, urgent=urgent)
    ]
    for call_id in resting:
        with guarded(f"call {call_id}, owed"), database.unit_of_work(_SCOPE) as session, whole_floor(session):
            lock_call(session, call_id)
            still = select(QueueEntry.id).where(
                QueueEntry.call_id == call_id, QueueEntry.status == QueueEntryStatus.WAITING
            )
            if session.scalar(still) is not None:
                end_outbound_call(session, call_id, at=at)
    return len(resting)


def _entry_of(session: Session, owed: Callback) -> int | None:
    """The place of the call of ours that already rings, or is to ring, her."""
    if owed.outbound_call_id is None:
        return None
    return session.scalar(select(QueueEntry.id).where(QueueEntry.call_id == owed.outbound_call_id))


def _waits(session: Session, owed: Callback) -> bool:
    """Whether she is on the line already: ringing her would find her engaged."""
    waits = (
        select(QueueEntry.id)
        .join(Call, Call.id == QueueEntry.call_id)
        .where(
            QueueEntry.status == QueueEntryStatus.WAITING,
            Call.practice_id == owed.practice_id,
            Call.from_number == owed.number,
        )
    )
    return session.scalar(waits.limit(1)) is not None


def _refuse_waiting(session: Session, owed: Callback) -> None:
    if _waits(session, owed):
        raise Conflict(N_("This caller has rung again and waits in the queue: answer her there."))


def _refuse_now(session: Session, owed: Callback, *, at: datetime) -> None:
    zone = session.scalars(select(Practice.zone).where(Practice.id == owed.practice_id)).one()
    if not may_be_rung(at, zone, asked_at=None, urgent=owed.urgent):
        raise Conflict(N_("People are rung back between 8 and 20 h. It stays on the list."))
    if at < owed.not_before:
        hour = format_time(owed.not_before, ZoneInfo(zone))
        raise Conflict(N_("Nobody answered a moment ago. Again at %(hour)s; it stays on the list."), hour=hour)

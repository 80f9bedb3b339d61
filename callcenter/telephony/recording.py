"""Recording a call by hand: announced to everybody first, stopped by hand or with the call, deleted in time.

A row comes first, so that nothing is recorded without one; it tells when the carrier must have forgotten it. Whether
the practice wants it is for the caller to decide. The patient's leg is recorded: what she says and hears, and the hold
music while she hears that. It was announced to those who were there: it ends when somebody else comes in, or whoever
began it goes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict, ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import conference_name
from callcenter.telephony.holding import patient_leg
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus, Recording
from callcenter.telephony.provider import Provider
from callcenter.telephony.twiml import callback_url

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
# A gesture takes at most a few seconds; a row that has no name after that was left by a process that died, or by an
# answer that was lost.
_LOST_AFTER = timedelta(seconds=15)
_AT_ONCE = 10


def start_recording(
    database: Database,
    provider: Provider,
    call_id: int,
    clock: Clock,
    *,
    staff_id: int,
    settings: Settings,
    language: str,
) -> None:
    """Announce it to everybody in the room, then record. Asked twice, it is one recording.

    ``language`` is the practice's. Raises ``Conflict`` when nobody talks, and when the carrier did not do it.
    """
    begun = _begin(database, call_id, clock, staff_id=staff_id, keep_for=timedelta(days=settings.recording_days))
    if begun is None:
        return
    recording_id, room, leg_sid = begun
    sid: str | None = None
    try:
        provider.announce(room, callback_url(settings.public_url, f"/twilio/recording-notice?language={language}"))
        sid = provider.start_recording(leg_sid)
    except ProviderError as error:
        log.warning("call %s is not recorded: %s", call_id, error.code or error.reason)
        # When its answer was lost it may record all the same: the sweep stops it by the leg, and learns its name.
        if not error.unknown:
            _record_end(database, recording_id, call_id, clock)
        raise Conflict(N_("The carrier did not answer: the call is not recorded.")) from None
    with database.unit_of_work(_SCOPE) as session:
        call = lock_call(session, call_id)
        session.execute(update(Recording).where(Recording.id == recording_id, Recording.sid.is_(None)).values(sid=sid))
        still = session.scalar(select(Recording.id).where(Recording.id == recording_id, Recording.stopped_at.is_(None)))
        _tell_screens(session, call_id)
        too_late = still is None or call.status == CallStatus.ENDED
    if too_late:  # stopped while the carrier was being told
        _stop(database, provider, recording_id, clock)


def stop_recording(database: Database, provider: Provider, call_id: int, clock: Clock) -> None:
    """Stop what records in this call; nothing records, nothing is done.

    Raises ``Conflict`` when the carrier did not do it: it is shown as stopped only once it is.
    """
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Recording.id).where(Recording.call_id == call_id, Recording.stopped_at.is_(None))
        ).all()
    for recording_id in ids:
        if not _stop(database, provider, recording_id, clock):
            raise Conflict(N_("The carrier did not answer: it still records. Try again."))


def stop_left_recordings(database: Database, provider: Provider, clock: Clock) -> None:
    """Stop what still records a patient who has left, those who were told nothing, or nobody knows by what name.

    Run by the jobs every second.
    """
    lost = Recording.sid.is_(None) & (Recording.started_at < clock.now() - _LOST_AFTER)
    gone = select(Leg.sid).where(Leg.call_id == Recording.call_id, Leg.status.in_((LegStatus.LEFT, LegStatus.FAILED)))
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Recording.id)
            .join(Call, Call.id == Recording.call_id)
            .where(
                Recording.stopped_at.is_(None),
                or_(lost, Call.status == CallStatus.ENDED, Recording.leg_sid.in_(gone), _newcomer(), ~_beginner()),
                # One that is being started has no name yet: whoever starts it sees that the call is over.
                or_(lost, Recording.sid.is_not(None)),
            )
            .order_by(Recording.id)
            .limit(_AT_ONCE)
        ).all()
    for recording_id in ids:
        with guarded(f"recording {recording_id}"):
            if not _stop(database, provider, recording_id, clock):
                return


def delete_due_recordings(database: Database, provider: Provider, clock: Clock) -> None:
    """Have the carrier forget recordings whose time has come; tried again until it has."""
    at = clock.now()
    with database.reading(_SCOPE) as session:
        due = session.execute(
            select(Recording.id, Recording.sid)
            .where(Recording.delete_at <= at, Recording.deleted_at.is_(None), Recording.stopped_at.is_not(None))
            .order_by(Recording.delete_at, Recording.id)
            .limit(_AT_ONCE)
        ).all()
    for recording_id, sid in due:
        with guarded(f"recording {recording_id}, due"):
            try:
                if sid is not None:
                    provider.delete_recording(sid)
            except ProviderError as error:
                log.warning("recording %s is not deleted, trying again: %s", recording_id, error.code or error.reason)
                continue
            with database.unit_of_work(_SCOPE) as session:
                kept = update(Recording).where(Recording.id == recording_id, Recording.deleted_at.is_(None))
                session.execute(kept.values(deleted_at=at))


def recording_since(session: Session, call_id: int) -> datetime | None:
    """Since when this call is recorded; None when it is not."""
    found = select(Recording.started_at).where(Recording.call_id == call_id, Recording.stopped_at.is_(None))
    return session.scalar(found.order_by(Recording.id.desc()).limit(1))


def was_stopped_for_company(session: Session, call_id: int) -> bool:
    """Whether the last recording of this call ended once somebody had come in to whom it was not announced."""
    last = select(func.max(Recording.id)).where(Recording.call_id == call_id).scalar_subquery()
    found = select(Recording.id).where(
        Recording.id == last, Recording.stopped_at.is_not(None), _newcomer(until=Recording.stopped_at)
    )
    return session.scalar(found) is not None


def _newcomer(*, until: InstrumentedAttribute[datetime | None] | None = None) -> ColumnElement[bool]:
    """Somebody whom the patient hears came in after the announcement; ``until``: and before this moment."""
    leg = aliased(Leg)
    began_unheard = and_(leg.mute_mark == 0, or_(leg.starts_muted, leg.coached_leg_id.is_not(None)))
    unheard = or_(leg.muted, leg.coaching, began_unheard)
    when = leg.status == LegStatus.JOINED if until is None else leg.joined_at <= until
    return exists().where(
        leg.call_id == Recording.call_id,
        leg.role != LegRole.PATIENT,
        or_(leg.role != LegRole.SUPERVISOR, ~unheard),
        or_(leg.staff_id.is_(None), leg.staff_id != Recording.started_by),
        leg.joined_at > Recording.started_at,
        when,
    )


def _beginner() -> ColumnElement[bool]:
    """Whoever began the recording is in the conversation."""
    leg = aliased(Leg)
    return exists().where(
        leg.call_id == Recording.call_id, leg.staff_id == Recording.started_by, leg.status == LegStatus.JOINED
    )


@dataclass(frozen=True, slots=True)
class KeptRecordings:
    """How many recordings of a practice the carrier still keeps, and when it must forget the next (UTC)."""

    count: int
    next_at: datetime | None


def kept_recordings(session: Session, practice_id: int) -> KeptRecordings:
    """What is still to be deleted of this practice's recordings."""
    counted = select(func.count(Recording.id), func.min(Recording.delete_at)).where(
        Recording.practice_id == practice_id, Recording.deleted_at.is_(None)
    )
    count, next_at = session.execute(counted).one()
    return KeptRecordings(count, next_at)


def _begin(
    database: Database, call_id: int, clock: Clock, *, staff_id: int, keep_for: timedelta
) -> tuple[int, str, str] | None:
    """The new row, its room and the patient's leg; None when it records already."""
    with database.unit_of_work(_SCOPE) as session:
        call = lock_call(session, call_id)
        leg = patient_leg(session, call_id)
        if call.status != CallStatus.TALKING or leg.status != LegStatus.JOINED:
            raise Conflict(N_("There is no conversation to record."))
        if recording_since(session, call_id) is not None:
            return None
        at = clock.now()
        recording = Recording(
            call_id=call_id,
            practice_id=call.practice_id,
            leg_sid=leg.sid or call.sid,
            started_by=staff_id,
            started_at=at,
            delete_at=at + keep_for,
        )
        session.add(recording)
        session.flush()
        _tell_screens(session, call_id)
        return recording.id, conference_name(call.sid), recording.leg_sid


def _stop(database: Database, provider: Provider, recording_id: int, clock: Clock) -> bool:
    """Stop one and keep its name; False when the carrier cannot be reached."""
    with database.reading(_SCOPE) as session:
        row = session.scalars(select(Recording).where(Recording.id == recording_id)).one()
    try:
        sid = provider.stop_recording(row.leg_sid, row.sid)
    except ProviderError as error:
        log.warning("recording %s is not stopped: %s", recording_id, error.code or error.reason)
        if not error.permanent:
            return False
        sid = None
    _record_end(database, recording_id, row.call_id, clock, sid=sid)
    return True


def _record_end(database: Database, recording_id: int, call_id: int, clock: Clock, *, sid: str | None = None) -> None:
    at = clock.now()
    with database.unit_of_work(_SCOPE) as session:
        one = update(Recording).where(Recording.id == recording_id)
        if sid is not None:
            session.execute(one.where(Recording.sid.is_(None)).values(sid=sid))
        session.execute(one.where(Recording.stopped_at.is_(None)).values(stopped_at=at))
        # Nothing ever recorded: there is nothing to delete.
        session.execute(one.where(Recording.sid.is_(None), Recording.deleted_at.is_(None)).values(deleted_at=at))
        _tell_screens(session, call_id)


def _tell_screens(session: Session, call_id: int) -> None:
    staff = session.scalars(select(Leg.staff_id).where(Leg.call_id == call_id, Leg.staff_id.is_not(None)).distinct())
    touch(session, f"call-{call_id}", *(f"desk-{staff_id}" for staff_id in staff))

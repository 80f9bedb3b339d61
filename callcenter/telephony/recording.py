"""Recording a call by hand: announced to everybody first, stopped by hand or with the call.

A row comes first, so that nothing is recorded without one; it tells when the carrier must have forgotten it. Whether
the practice wants it is for the caller to decide. The patient's leg is recorded: what she says and hears, and the hold
music while she hears that. It was announced to those who were there: it ends when somebody else comes in, or whoever
began it goes.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum

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
from callcenter.telephony.kept_recordings import note_try, unnamed_at_carrier
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


class _End(StrEnum):
    """What became of a recording that was to be stopped."""

    STOPPED = "stopped"
    TOO_EARLY = "too_early"  # its start was never answered: it may begin yet
    REFUSED = "refused"  # for good, while the telephone it records is there
    OUT_OF_REACH = "out_of_reach"


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
    asked = False
    try:
        provider.announce(room, callback_url(settings.public_url, f"/twilio/recording-notice?language={language}"))
        asked = True
        sid = provider.start_recording(leg_sid)
    except ProviderError as error:
        log.warning("call %s is not recorded: %s", call_id, error.code or error.reason)
        # When the start's answer was lost it may record all the same: the sweep finds it by the leg, and stops it.
        if not (asked and error.unknown):
            _record_end(database, recording_id, call_id, clock, began=False)
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
        end = _stop(database, provider, recording_id, clock)
        if end is _End.REFUSED:
            raise Conflict(N_("The carrier refuses to stop it: it still records until the call ends."))
        if end is not _End.STOPPED:
            raise Conflict(N_("The carrier did not answer: it still records. Try again."))


def stop_left_recordings(database: Database, provider: Provider, clock: Clock) -> None:
    """Stop what still records a patient who has left, those who were told nothing, or nobody knows by what name.

    Run by the jobs every second.
    """
    lost = Recording.sid.is_(None) & (Recording.started_at < clock.now() - _LOST_AFTER)
    with database.reading(_SCOPE) as session:
        ids = session.scalars(
            select(Recording.id)
            .where(
                Recording.stopped_at.is_(None),
                or_(lost, _leg_is_over(), _newcomer(), ~_beginner()),
                # One that is being started has no name yet: whoever starts it sees that the call is over.
                or_(lost, Recording.sid.is_not(None)),
            )
            .order_by(Recording.tried_at.nulls_first(), Recording.id)
            .limit(_AT_ONCE)
        ).all()
    for recording_id in ids:
        with guarded(f"recording {recording_id}"):
            note_try(database, recording_id, at=clock.now())
            # One that it refuses for good concerns that call alone: the others are not kept waiting by it.
            if _stop(database, provider, recording_id, clock) is _End.OUT_OF_REACH:
                return


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


def _leg_is_over() -> ColumnElement[bool]:
    """The recorded telephone is no longer there: what recorded it has ended with it."""
    ended = exists().where(Call.id == Recording.call_id, Call.status == CallStatus.ENDED)
    gone = select(Leg.sid).where(Leg.call_id == Recording.call_id, Leg.status.in_((LegStatus.LEFT, LegStatus.FAILED)))
    return or_(ended, Recording.leg_sid.in_(gone))


def _beginner() -> ColumnElement[bool]:
    """Whoever began the recording is in the conversation."""
    leg = aliased(Leg)
    return exists().where(
        leg.call_id == Recording.call_id, leg.staff_id == Recording.started_by, leg.status == LegStatus.JOINED
    )


def _begin(
    database: Database, call_id: int, clock: Clock, *, staff_id: int, keep_for: timedelta
) -> tuple[int, str, str] | None:
    """The new row, its room and the patient's leg; None when it records already."""
    with database.unit_of_work(_SCOPE) as session:
        call = lock_call(session, call_id)
        leg = patient_leg(session, call_id)
        if call.status != CallStatus.TALKING or leg.status != LegStatus.JOINED:
            raise Conflict(N_("There is no conversation to record."))
        if leg.on_hold:  # she would not hear it announced
            raise Conflict(N_("The patient is on hold and would not hear it: take her back first, then record."))
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


def _stop(database: Database, provider: Provider, recording_id: int, clock: Clock) -> _End:
    """Stop one and keep its name, if the carrier did it: otherwise it may go on.

    Its name is looked for among what the carrier has of its leg when it was never told. A leg that is over is recorded
    no longer, whatever the carrier says to that.
    """
    with database.reading(_SCOPE) as session:
        row, is_over = session.execute(select(Recording, _leg_is_over()).where(Recording.id == recording_id)).one()
    sid: str | None = row.sid
    try:
        if sid is None:
            sid = next(iter(unnamed_at_carrier(database, provider, row.leg_sid)), None)
        if sid is not None:
            provider.stop_recording(row.leg_sid, sid)
        elif row.started_at >= clock.now() - _LOST_AFTER:
            return _End.TOO_EARLY
    except ProviderError as error:
        log.warning("recording %s is not stopped: %s", recording_id, error.code or error.reason)
        if not error.permanent:
            return _End.OUT_OF_REACH
        if not is_over:
            return _End.REFUSED
    _record_end(database, recording_id, row.call_id, clock, sid=sid)
    return _End.STOPPED


def _record_end(
    database: Database, recording_id: int, call_id: int, clock: Clock, *, sid: str | None = None, began: bool = True
) -> None:
    """It is over. Only one that never ``began`` needs no deleting: without a name it is looked for when it is due."""
    at = clock.now()
    with database.unit_of_work(_SCOPE) as session:
        one = update(Recording).where(Recording.id == recording_id)
        if sid is not None:
            session.execute(one.where(Recording.sid.is_(None)).values(sid=sid))
        session.execute(one.where(Recording.stopped_at.is_(None)).values(stopped_at=at))
        if not began:
            session.execute(one.where(Recording.sid.is_(None), Recording.deleted_at.is_(None)).values(deleted_at=at))
        _tell_screens(session, call_id)


def _tell_screens(session: Session, call_id: int) -> None:
    staff = session.scalars(select(Leg.staff_id).where(Leg.call_id == call_id, Leg.staff_id.is_not(None)).distinct())
    touch(session, f"call-{call_id}", *(f"desk-{staff_id}" for staff_id in staff))

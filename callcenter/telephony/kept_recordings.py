"""What the carrier still keeps of recorded calls: found there by name or by leg, and forgotten in time."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.guarding import guarded
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.models import Recording
from callcenter.telephony.provider import Provider

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class KeptRecordings:
    """How many recordings of a practice the carrier still keeps, and when it must forget the next (UTC)."""

    count: int
    next_at: datetime | None


def kept_recordings(session: Session, practice_id: int) -> KeptRecordings:
    """What is still to be deleted of this practice's recordings; those that the carrier never had are none."""
    counted = select(func.count(Recording.id), func.min(Recording.delete_at)).where(
        Recording.practice_id == practice_id,
        Recording.deleted_at.is_(None),
        or_(Recording.sid.is_not(None), Recording.stopped_at.is_(None)),
    )
    count, next_at = session.execute(counted).one()
    return KeptRecordings(count, next_at)


def unnamed_at_carrier(database: Database, provider: Provider, leg_sid: str) -> list[str]:
    """The carrier's recordings of this leg that no row names: their start was never answered.

    Raises ``ProviderError``.
    """
    found = provider.find_recordings(leg_sid)
    with database.reading(_SCOPE) as session:
        named = set(session.scalars(select(Recording.sid).where(Recording.leg_sid == leg_sid)))
    return [sid for sid in found if sid not in named]


def delete_due_recordings(database: Database, provider: Provider, clock: Clock) -> None:
    """Have the carrier forget recordings whose time has come; tried again until it has.

    The longest untried have their turn first: some that it refuses for good keep no other waiting.
    """
    at = clock.now()
    with database.reading(_SCOPE) as session:
        due = session.execute(
            select(Recording.id, Recording.leg_sid, Recording.sid)
            .where(Recording.delete_at <= at, Recording.deleted_at.is_(None), Recording.stopped_at.is_not(None))
            .order_by(Recording.tried_at.nulls_first(), Recording.delete_at, Recording.id)
            .limit(_AT_ONCE)
        ).all()
    for recording_id, leg_sid, sid in due:
        with guarded(f"recording {recording_id}, due"):
            note_try(database, recording_id, at=at)
            try:
                # Without a name it is asked for once more: whatever was found of it earlier, nothing is kept for ever.
                for name in [sid] if sid is not None else unnamed_at_carrier(database, provider, leg_sid):
                    provider.delete_recording(name)
            except ProviderError as error:
                log.warning("recording %s is not deleted, trying again: %s", recording_id, error.code or error.reason)
                if error.permanent:
                    continue
                return
            with database.unit_of_work(_SCOPE) as session:
                kept = update(Recording).where(Recording.id == recording_id, Recording.deleted_at.is_(None))
                session.execute(kept.values(deleted_at=at))


def note_try(database: Database, recording_id: int, *, at: datetime) -> None:
    """The carrier is about to be asked: if that fails, others have their turn first."""
    with database.unit_of_work(_SCOPE) as session:
        session.execute(update(Recording).where(Recording.id == recording_id).values(tried_at=at))

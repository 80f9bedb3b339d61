"""The secret address under which other programs read a practice's roster as a calendar.

Whoever has it reads who is on call, and nothing else; only the hash of its token is kept.
"""

import re
import secrets
from base64 import b32encode
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices, set_scope
from callcenter.directory.identity import hash_token
from callcenter.directory.models import Practice
from callcenter.dispatch.on_call_changes import lock_roster, note_change
from callcenter.dispatch.on_call_models import OnCallFeed

_TOKEN = re.compile(r"[a-z2-7]{32}")  # 160 bits


def current_feed(session: Session, practice_id: int) -> OnCallFeed | None:
    """The address in force, without its token."""
    return session.scalar(
        select(OnCallFeed).where(OnCallFeed.practice_id == practice_id, OnCallFeed.revoked_at.is_(None))
    )


def open_feed(session: Session, practice_id: int, *, at: datetime, staff_id: int) -> str:
    """Make an address and tell its token, this once; one that was in force before is not any more."""
    lock_roster(session, practice_id)
    _revoke(session, practice_id, at=at)
    token = b32encode(secrets.token_bytes(20)).decode().lower()
    feed = OnCallFeed(practice_id=practice_id, token_hash=hash_token(token), created_by=staff_id, created_at=at)
    session.add(feed)
    session.flush()
    note_change(session, practice_id, "on_call_feed_opened", f"on_call_feed {feed.id}", at=at, staff_id=staff_id)
    return token


def revoke_feed(session: Session, practice_id: int, *, at: datetime, staff_id: int) -> None:
    """Close the address in force: from now on nobody reads by it. Without one nothing happens."""
    lock_roster(session, practice_id)
    for feed_id in _revoke(session, practice_id, at=at):
        note_change(session, practice_id, "on_call_feed_revoked", f"on_call_feed {feed_id}", at=at, staff_id=staff_id)


def find_practice_by_feed(session: Session, token: str) -> Practice | None:
    """Whose roster this token opens, by one query; the session then sees that practice alone. None: nobody's."""
    if not _TOKEN.fullmatch(token):
        return None
    practice = session.scalar(
        select(Practice)
        .join(OnCallFeed, OnCallFeed.practice_id == Practice.id)
        .where(OnCallFeed.token_hash == hash_token(token), OnCallFeed.revoked_at.is_(None))
    )
    if practice is not None:
        set_scope(session, Practices.of(practice.id))
    return practice


def _revoke(session: Session, practice_id: int, *, at: datetime) -> list[int]:
    revoked = update(OnCallFeed).where(OnCallFeed.practice_id == practice_id, OnCallFeed.revoked_at.is_(None))
    return list(session.scalars(revoked.values(revoked_at=at).returning(OnCallFeed.id)))

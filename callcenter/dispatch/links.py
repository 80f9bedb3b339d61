"""The address in a text or an e-mail: a page with the messages it was sent for, after sign-in or a second fact.

Of the token only the hash is kept. Opening the address changes nothing; five wrong codes close it but for sign-in, and
fifteen at all the addresses that a practitioner has close them all: each message brings another address, and so would
bring five more tries to whoever holds the telephone.
"""

import re
import secrets
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from callcenter.core.scope import Practices, set_scope
from callcenter.directory.passwords import matches
from callcenter.dispatch.models import DispatchPreference, MessageLink, Notice

VALID_FOR = timedelta(days=7)
OPEN_FOR = timedelta(minutes=15)
WRONG_CODES = 5
WRONG_CODES_IN_ALL = 15
_TOKEN = re.compile(r"[a-z2-7]{26}")  # 128 bits, in letters and digits alone


def open_link(session: Session, *, practice_id: int, practitioner_id: int, at: datetime) -> tuple[int, str]:
    """Make an address for what is sent to this practitioner: its row, and its token, kept nowhere but in the text."""
    token = _new_token()
    link = MessageLink(
        practice_id=practice_id,
        token_hash=_hash(token),
        practitioner_id=practitioner_id,
        created_at=at,
        expires_at=at + VALID_FOR,
    )
    session.add(link)
    session.flush()
    return link.id, token


def find_link(session: Session, token: str, *, at: datetime) -> MessageLink | None:
    """The link of this token, after which the session sees its practice alone; None when there is none any more."""
    if not _TOKEN.fullmatch(token):
        return None
    link = session.scalar(
        select(MessageLink).where(MessageLink.token_hash == _hash(token), MessageLink.expires_at > at)
    )
    if link is not None:
        set_scope(session, Practices.of(link.practice_id))
    return link


def asks_code(session: Session, link: MessageLink) -> bool:
    """Whether the practitioner has a code, and it may still be tried here."""
    kept = session.scalar(
        select(DispatchPreference.code_hash).where(DispatchPreference.practitioner_id == link.practitioner_id)
    )
    return bool(kept) and tries_left(session, link) > 0


def tries_left(session: Session, link: MessageLink) -> int:
    """How many codes may still be tried here: five at one address, fifteen at all that were valid beside it."""
    in_all = session.scalar(
        select(func.coalesce(func.sum(MessageLink.wrong_codes), 0)).where(
            MessageLink.practice_id == link.practice_id,
            MessageLink.practitioner_id == link.practitioner_id,
            MessageLink.expires_at > link.created_at,
        )
    )
    return max(0, min(WRONG_CODES - link.wrong_codes, WRONG_CODES_IN_ALL - (in_all or 0)))


def forget_wrong_codes(session: Session, practice_id: int, practitioner_id: int) -> None:
    """A practitioner has another code: what was tried before says nothing about it."""
    session.execute(
        update(MessageLink)
        .where(
            MessageLink.practice_id == practice_id,
            MessageLink.practitioner_id == practitioner_id,
            MessageLink.wrong_codes > 0,
        )
        .values(wrong_codes=0)
        .execution_options(synchronize_session=False)
    )


def give_code(session: Session, link: MessageLink, code: str, *, at: datetime) -> str | None:
    """Open the link for this browser: what it must show from then on, for a quarter of an hour; None: the wrong code.

    Each try counts before it is looked at, one after the other for a practitioner, so that many at once are no more.
    """
    kept = session.scalar(
        select(DispatchPreference.code_hash)
        .where(DispatchPreference.practitioner_id == link.practitioner_id)
        .with_for_update()
    )
    session.refresh(link)
    if tries_left(session, link) == 0:
        return None
    counted = session.scalars(
        update(MessageLink)
        .where(MessageLink.id == link.id, MessageLink.wrong_codes < WRONG_CODES)
        .values(wrong_codes=MessageLink.wrong_codes + 1)
        .returning(MessageLink.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not counted or not kept or not matches(code.strip(), kept):
        return None
    key = _new_token()
    session.execute(
        update(MessageLink)
        .where(MessageLink.id == link.id)
        .values(wrong_codes=0, opened_hash=_hash(key), opened_until=at + OPEN_FOR)
        .execution_options(synchronize_session=False)
    )
    return key


def is_open_for(link: MessageLink, key: str | None, *, at: datetime) -> bool:
    """Whether the browser that shows this key gave the code a moment ago."""
    return (
        bool(key)
        and link.opened_until is not None
        and at < link.opened_until
        and secrets.compare_digest(link.opened_hash, _hash(key or ""))
    )


def messages_behind(session: Session, link: MessageLink) -> Sequence[int]:
    """The messages whose notices left with this address."""
    return session.scalars(select(Notice.message_id).where(Notice.link_id == link.id).order_by(Notice.message_id)).all()


def _new_token() -> str:
    return b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()

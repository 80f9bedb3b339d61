"""The address in a text by which a caller who waits asks to be rung back without losing her place.

Whoever has the address may ask, and learns of the call no more than how it stands. Opening it changes nothing, for
telephones and mail scanners open what they are sent; what counts is where her place stands when she presses the button.
"""

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.insertion import insert_new
from callcenter.core.scope import Practices, set_scope
from callcenter.directory.models import Practice, PracticeLine
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.models import OWED, Callback, CallbackLink, CallbackReason, QueueEntry, QueueEntryStatus
from callcenter.telephony.models import Call, CallStatus

_VALID_FOR = timedelta(hours=2)  # longer than anybody waits on the line
# 128 bits in letters and digits alone: telephones leave a sign at the end of an address out of the link.
_TOKEN = re.compile(r"[a-z2-7]{26}")


class LinkStanding(StrEnum):
    """What the page behind the address says."""

    WAITING = "waiting"  # she may ask
    PROMISED = "promised"  # she is rung back, and may hang up
    ANSWERED = "answered"  # somebody is with her, or is ringing her at this moment
    ELSEWHERE = "elsewhere"  # she waited too long, and is put through where her practice said
    NOTED = "noted"  # she has hung up, and is on the list of those who are owed a call
    OVER = "over"


@dataclass(frozen=True, slots=True)
class LinkView:
    """How her call stands, and whose line she rang: nothing that is personal."""

    standing: LinkStanding
    practice: str  # the short name
    language: str
    country: str
    number: str  # of the line, E.164
    emergency_sentence: str  # the practice's own; empty: the country's


def open_link(session: Session, *, call_id: int, practice_id: int, at: datetime) -> str | None:
    """Make the address of this call; its token, that is kept nowhere but in the text. None when it has one."""
    token = b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    is_new = insert_new(
        session,
        CallbackLink,
        token_hash=_hash(token),
        practice_id=practice_id,
        call_id=call_id,
        expires_at=at + _VALID_FOR,
    )
    return token if is_new else None


def read_link(session: Session, token: str, *, at: datetime) -> LinkView | None:
    """What the page says; None for a token that nobody was sent or whose time is over. Changes nothing."""
    link = _find(session, token, at=at)
    return None if link is None else _view(session, link)


def ask_by_link(session: Session, token: str, *, at: datetime) -> LinkView | None:
    """She asks to be rung back; how her call stands after that. Asked twice, or too late, it changes nothing.

    Her telephone is sent to hear so by ``routing.overflow.send_elsewhere``, should she still be on the line.
    """
    link = _find(session, token, at=at)
    if link is None:
        return None
    if promise_callback(session, link.call_id, at=at):
        used = update(CallbackLink).where(
            CallbackLink.token_hash == link.token_hash,
            CallbackLink.practice_id == link.practice_id,
            CallbackLink.used_at.is_(None),
        )
        session.execute(used.values(used_at=at))
    return _view(session, link)


def _find(session: Session, token: str, *, at: datetime) -> CallbackLink | None:
    """The link, after which the session sees its practice alone."""
    if not _TOKEN.fullmatch(token):
        return None
    link = session.scalar(
        select(CallbackLink).where(CallbackLink.token_hash == _hash(token), CallbackLink.expires_at > at)
    )
    if link is not None:
        set_scope(session, Practices.of(link.practice_id))
    return link


def _view(session: Session, link: CallbackLink) -> LinkView:
    call, line, practice, place = session.execute(
        select(Call, PracticeLine, Practice, QueueEntry.status)
        .join(PracticeLine, PracticeLine.id == Call.line_id)
        .join(Practice, Practice.id == Call.practice_id)
        .outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        .where(Call.id == link.call_id)
        .execution_options(populate_existing=True)
    ).one()
    return LinkView(
        standing=_standing(session, call, place),
        practice=practice.short_name,
        language=practice.language,
        country=practice.country,
        number=line.number,
        emergency_sentence=practice.emergency_sentence,
    )


def _standing(session: Session, call: Call, place: QueueEntryStatus | None) -> LinkStanding:
    # Her call-back, if one is owed, and how the place of the call stands that is to ring her.
    owed = session.execute(
        select(Callback, QueueEntry.status)
        .outerjoin(QueueEntry, QueueEntry.call_id == Callback.outbound_call_id)
        .where(
            Callback.practice_id == call.practice_id,
            Callback.number == call.from_number,
            Callback.status.in_(OWED),
        )
    ).one_or_none()
    if place == QueueEntryStatus.CALLBACK:
        return LinkStanding.PROMISED if owed is not None else LinkStanding.OVER
    if call.status == CallStatus.ENDED or place in {None, QueueEntryStatus.ABANDONED}:
        is_noted = owed is not None and place in {QueueEntryStatus.WAITING, QueueEntryStatus.ABANDONED}
        return LinkStanding.NOTED if is_noted else LinkStanding.OVER
    if place == QueueEntryStatus.ANSWERED:
        return LinkStanding.ANSWERED
    if place == QueueEntryStatus.OVERFLOW:
        return LinkStanding.ELSEWHERE
    if owed is None or owed[1] is None:
        return LinkStanding.WAITING
    callback, rings = owed
    if callback.reason == CallbackReason.ASKED and callback.call_id == call.id:
        return LinkStanding.PROMISED  # the carrier would not send her to hear so, and she is still in her room
    return LinkStanding.WAITING if rings == QueueEntryStatus.WAITING else LinkStanding.ANSWERED


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()

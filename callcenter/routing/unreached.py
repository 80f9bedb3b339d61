"""Callers who were owed a call and answered none of three tries: they stand until a supervisor decides."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.routing.agents import was_changed
from callcenter.routing.models import Callback, CallbackStatus

DECISION_LIMIT = 200
_NOTHING_LEFT = N_("This has been decided already, or the caller was spoken with. Nothing is left to do.")


def find_unreached(session: Session, callback_id: int) -> Callback:
    """The call-back that is to be decided on. Raises ``NotFound``; ``Conflict`` when nothing is to be decided."""
    found = session.scalar(select(Callback).where(Callback.id == callback_id))
    if found is None:
        raise NotFound(N_("There is no such call-back."))
    if found.status != CallbackStatus.UNREACHED:
        raise Conflict(_NOTHING_LEFT)
    return found


def try_again(session: Session, callback_id: int, *, staff_id: int, at: datetime) -> None:
    """Back on the list of every operator, for three more tries.

    Raises ``NotFound``; ``Conflict`` when it is decided already, or when the caller is owed a newer call.
    """
    unreached = find_unreached(session, callback_id)
    reopened = (
        update(Callback)
        .where(Callback.id == callback_id, Callback.status == CallbackStatus.UNREACHED)
        .values(status=CallbackStatus.OPEN, attempts=0, not_before=at, closed_at=None, decided_by=staff_id)
    )
    try:
        # One call is owed per number and practice: the index says so, also of one that is being written down now.
        with session.begin_nested():
            is_reopened = was_changed(session, reopened)
    except IntegrityError:
        raise Conflict(
            N_("This caller has tried again since: a newer call-back is on the list. Settle this one.")
        ) from None
    if not is_reopened:
        raise Conflict(_NOTHING_LEFT)
    _note(session, "callback.retried", unreached, staff_id=staff_id, at=at)


def settle_unreached(session: Session, callback_id: int, decision: str, *, staff_id: int, at: datetime) -> None:
    """Nobody rings her any more; why is kept.

    Raises ``NotFound``; ``Conflict`` when it is decided already; ``Invalid`` (field ``decision``) without a reason.
    """
    unreached = find_unreached(session, callback_id)
    said = clean_line(decision, limit=DECISION_LIMIT)
    if not said:
        raise Invalid(N_("Say what was decided. Example: her doctor has written to her."), field="decision")
    settled = (
        update(Callback)
        .where(Callback.id == callback_id, Callback.status == CallbackStatus.UNREACHED)
        .values(status=CallbackStatus.SETTLED, closed_at=at, decided_by=staff_id, decision=said)
    )
    if not was_changed(session, settled):
        raise Conflict(_NOTHING_LEFT)
    _note(session, "callback.settled", unreached, staff_id=staff_id, at=at)


def _note(session: Session, action: str, callback: Callback, *, staff_id: int, at: datetime) -> None:
    practice_id = callback.practice_id
    record_act(session, action, f"callback {callback.id}", staff_id=staff_id, practice_id=practice_id, at=at)
    touch(session, "queue")

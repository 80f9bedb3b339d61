"""Somebody read a message, has taken it, or is done with it; whoever takes it ends its ladder."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Forbidden
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.directory.models import Practitioner
from callcenter.dispatch.models import (
    Acknowledgement,
    AcknowledgementKind,
    Channel,
    MayAnswer,
    Message,
    MessageStatus,
    Notice,
)
from callcenter.dispatch.telephones import lock_with_telephones, stop_ringing
from callcenter.dispatch.writing import cancel_notices, move_message

_BECOMES = {
    AcknowledgementKind.READ: MessageStatus.READ,
    AcknowledgementKind.TAKEN: MessageStatus.TAKEN,
    AcknowledgementKind.DONE: MessageStatus.DONE,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who says so, and by what: ``practitioner_id`` None is somebody of the centre; ``leg_id``: on which telephone."""

    channel: Channel
    practitioner_id: int | None = None
    staff_id: int | None = None
    leg_id: int | None = None


def acknowledge(session: Session, message_id: int, kind: AcknowledgementKind, *, by: Reader, at: datetime) -> bool:
    """Keep the first acknowledgement of each kind; whether this was it.

    Taken or done, nobody else is told any more, and a telephone that still rings for it is let be. Raises ``NotFound``;
    ``Forbidden`` for a practitioner who may not have it; ``Conflict`` when a colleague has taken it, or it was
    withdrawn.
    """
    message = lock_with_telephones(session, message_id)
    refuse_others(session, message, by.practitioner_id)
    if message.status == MessageStatus.WITHDRAWN:
        raise Conflict(N_("This message was taken back: nothing is left to do."))
    if kind is AcknowledgementKind.TAKEN:
        _refuse_taken(session, message, by)
    is_first = insert_new(
        session,
        Acknowledgement,
        practice_id=message.practice_id,
        message_id=message.id,
        kind=kind,
        staff_id=by.staff_id,
        practitioner_id=by.practitioner_id,
        channel=by.channel,
        acknowledged_at=at,
    )
    if not is_first:
        return False
    move_message(session, message, _BECOMES[kind], at=at)
    if kind is not AcknowledgementKind.READ:
        cancel_notices(session, message, at=at)
        stop_ringing(session, message, at=at, but=by.leg_id)
    return True


def refuse_others(session: Session, message: Message, practitioner_id: int | None) -> None:
    """Raise ``Forbidden`` for a practitioner whose message this is not to take.

    It is the addressee's, that of whoever was told, and of everybody in the practice where the operator said so.
    """
    if practitioner_id is None or practitioner_id == message.practitioner_id:
        return
    if message.may_answer == MayAnswer.PRACTICE and session.scalar(
        select(Practitioner.id).where(
            Practitioner.id == practitioner_id, Practitioner.practice_id == message.practice_id
        )
    ):
        return
    told = select(Notice.id).where(
        Notice.message_id == message.id, Notice.practitioner_id == practitioner_id, Notice.told_at.is_not(None)
    )
    if session.scalar(told.limit(1)) is None:
        raise Forbidden(N_("This message is for somebody else."))


def _refuse_taken(session: Session, message: Message, by: Reader) -> None:
    taken = session.get(Acknowledgement, (message.id, AcknowledgementKind.TAKEN))
    if taken is None or (taken.practitioner_id, taken.staff_id) == (by.practitioner_id, by.staff_id):
        return
    if taken.practitioner_id is not None and taken.practitioner_id == by.practitioner_id:
        return  # by a telephone first, then signed in
    if taken.practitioner_id is None:
        raise Conflict(N_("Somebody of the centre has taken this message already."))
    name = session.scalars(select(Practitioner.name).where(Practitioner.id == taken.practitioner_id)).one()
    raise Conflict(N_("%(name)s has taken this message already."), name=name)

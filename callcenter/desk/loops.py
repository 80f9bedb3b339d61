"""Every open loop that a session may see, read from the domains' own rows; who was named for one is kept beside it.

Eight queries at most, however many are open: one a kind, and the names of practices, accounts and practitioners.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from callcenter.core.i18n import N_
from callcenter.desk.loop_rules import (
    DESK,
    MESSAGE_DONE_WITHIN,
    RELAY_WITHIN,
    Loop,
    LoopKind,
    Owner,
    OwnerKind,
    OwnerReason,
    in_order,
    message_owner,
    owner_of,
)
from callcenter.desk.models import EmergencyRelay, LoopOwner, Task, TaskKind, TaskStatus
from callcenter.desk.queue_view import person_name
from callcenter.directory.models import Patient, Practice, Practitioner, Staff
from callcenter.dispatch.models import Acknowledgement, AcknowledgementKind, MayAnswer, Message, MessageStatus
from callcenter.routing.callback_rules import LATE_AFTER
from callcenter.routing.models import OWED, Callback, CallbackReason, CallbackStatus, Reservation, ReservationStatus
from callcenter.telephony.models import Call, CallStatus

MESSAGE_OWED = N_("Message not taken yet")
TAKEN_OWED = N_("Message taken, not done")
CALLBACK_OWED = N_("Call lost: ring back")
PROMISED_OWED = N_("Call-back asked for")
UNREACHED_OWED = N_("Could not be rung back: decide")
OFFER_OWED = N_("Call offered")
RELAY_OWED = N_("Emergency relay")
TASK_OWED = {
    TaskKind.TEXT: N_("Read what the practitioner answers"),
    TaskKind.BOOK_TODAY: N_("Book for today"),
    TaskKind.I_CALL: N_("See that the practitioner has rung"),
    TaskKind.TELL: N_("Tell the patient"),
    TaskKind.PROMISE: N_("Promised to the caller"),
}
_CLOSED = (MessageStatus.DONE, MessageStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class _Row:
    """A loop as its own row has it, and who was named for it."""

    loop: Loop  # its owner is who has it by that row
    named: Owner | None


def open_loops(
    session: Session, *, at: datetime, kinds: Collection[LoopKind] = tuple(LoopKind), at_desk: bool = False
) -> list[Loop]:
    """What is open in the session's scope, late first, then by due time; owners as they are at this instant.

    ``at_desk`` leaves out the messages that practitioners have, or still have time to take: nearly all of them.
    """
    readers = _READERS | {LoopKind.MESSAGE: partial(_messages, at_desk=True)} if at_desk else _READERS
    rows = [row for kind in kinds for row in readers[kind](session, at)]
    if not rows:
        return []
    practices = {
        practice_id: (name, zone, country)
        for practice_id, name, zone, country in session.execute(
            select(Practice.id, Practice.name, Practice.zone, Practice.country).where(
                Practice.id.in_({row.loop.practice_id for row in rows})
            )
        )
    }
    staff, practitioners = _names(session, rows)
    found = []
    for row in rows:
        own, named = _if_open(row.loop.owner, staff), _if_open(row.named, staff) if row.named else None
        owner = owner_of(own, None if named is DESK else named)
        names = staff if owner.kind is OwnerKind.STAFF else practitioners
        owner = replace(owner, name=names.get(owner.ref_id or 0, "")) if owner.has_name else owner
        name, zone, country = practices[row.loop.practice_id]
        found.append(replace(row.loop, owner=owner, practice_name=name, zone=zone, country=country))
    return in_order(found, at=at)


def find_loop(session: Session, kind: LoopKind, ref_id: int, *, at: datetime) -> Loop | None:
    """One open loop; None when it is closed, or another practice's."""
    return next((one for one in open_loops(session, at=at, kinds=(kind,)) if one.ref_id == ref_id), None)


def _names(session: Session, rows: list[_Row]) -> tuple[dict[int, str], dict[int, str]]:
    """The first names of open accounts, and the names of practitioners, that these rows speak of."""
    owners = [owner for row in rows for owner in (row.loop.owner, row.named) if owner is not None]
    staff_ids = {one.ref_id for one in owners if one.kind is OwnerKind.STAFF}
    practitioner_ids = {one.ref_id for one in owners if one.kind is OwnerKind.PRACTITIONER}
    staff = select(Staff.id, Staff.first_name, Staff.name).where(Staff.id.in_(staff_ids), Staff.is_active)
    doctors = select(Practitioner.id, Practitioner.name).where(Practitioner.id.in_(practitioner_ids))
    return (
        {staff_id: first or name for staff_id, first, name in session.execute(staff)} if staff_ids else {},
        {one: str(name) for one, name in session.execute(doctors)} if practitioner_ids else {},
    )


def _if_open(owner: Owner, staff: dict[int, str]) -> Owner:
    """An account that was closed owns nothing: what it had is the desk's again."""
    return DESK if owner.kind is OwnerKind.STAFF and owner.ref_id not in staff else owner


def _messages(session: Session, at: datetime, *, at_desk: bool = False) -> Iterator[_Row]:
    taken = and_(Acknowledgement.message_id == Message.id, Acknowledgement.kind == AcknowledgementKind.TAKEN)
    is_open = Message.status.not_in(_written(_CLOSED))
    rows = session.execute(
        select(Message, Acknowledgement, Practitioner.name, Patient, LoopOwner)
        .outerjoin(Acknowledgement, taken)
        .outerjoin(Practitioner, Practitioner.id == Message.practitioner_id)
        .outerjoin(Patient, Patient.id == Message.patient_id)
        .outerjoin(LoopOwner, _names_for(LoopKind.MESSAGE, Message.id))
        .where(is_open, *[_may_be_the_desks(at)] * at_desk)
    )
    for message, acknowledged, addressee, patient, named in rows:
        taker = None if acknowledged is None else _taker(acknowledged)
        due_at = message.deadline_at
        if taker is not None and taker.since is not None:
            due_at = max(due_at, taker.since + MESSAGE_DONE_WITHIN)
        own = message_owner(
            practitioner_id=message.practitioner_id, taken=taker, deadline_at=message.deadline_at, at=at
        )
        who = person_name(patient) if patient is not None else message.caller
        yield _Row(
            Loop(
                LoopKind.MESSAGE,
                message.id,
                message.practice_id,
                owed=MESSAGE_OWED if taker is None else TAKEN_OWED,
                since=message.written_at,
                due_at=due_at,
                owner=own,
                about=f"{who} → {addressee}" if who and addressee else who or addressee or "",
                number=message.callback_number,
                words=message.words,
                is_private=message.may_answer == MayAnswer.ADDRESSEE,
            ),
            _named(named),
        )


def _may_be_the_desks(at: datetime) -> ColumnElement[bool]:
    """Somebody was named for a message, or no practitioner has it and its deadline is over, or the centre took it."""
    is_owed = or_(Acknowledgement.message_id.is_not(None), Message.deadline_at <= at)
    return or_(LoopOwner.ref_id.is_not(None), and_(Acknowledgement.practitioner_id.is_(None), is_owed))


def _taker(one: Acknowledgement) -> Owner | None:
    since = one.acknowledged_at
    if one.practitioner_id is not None:
        return Owner(OwnerKind.PRACTITIONER, one.practitioner_id, since)
    return None if one.staff_id is None else Owner(OwnerKind.STAFF, one.staff_id, since)


def _callbacks(session: Session, _at: datetime) -> Iterator[_Row]:
    rows = session.execute(
        select(Callback, LoopOwner)
        .outerjoin(LoopOwner, _names_for(LoopKind.CALLBACK, Callback.id))
        .where(or_(Callback.status.in_(_written(OWED)), Callback.status.in_(_written([CallbackStatus.UNREACHED]))))
    )
    for one, named in rows:
        words = PROMISED_OWED if one.reason == CallbackReason.ASKED else CALLBACK_OWED
        rung = one.status == CallbackStatus.TAKEN and one.taken_by is not None
        yield _Row(
            Loop(
                LoopKind.CALLBACK,
                one.id,
                one.practice_id,
                owed=UNREACHED_OWED if one.status == CallbackStatus.UNREACHED else words,
                since=one.opened_at,
                due_at=one.opened_at + LATE_AFTER,
                owner=Owner(OwnerKind.STAFF, one.taken_by, one.taken_at) if rung else DESK,
                number=one.number,
            ),
            _named(named),
        )


def _offers(session: Session, _at: datetime) -> Iterator[_Row]:
    rows = session.execute(
        select(Reservation, Call.from_number, LoopOwner)
        .join(Call, Call.id == Reservation.call_id)
        .outerjoin(LoopOwner, _names_for(LoopKind.OFFER, Reservation.id))
        .where(Reservation.status.in_(_written([ReservationStatus.PENDING])))
    )
    for one, number, named in rows:
        yield _Row(
            Loop(
                LoopKind.OFFER,
                one.id,
                one.practice_id,
                owed=OFFER_OWED,
                since=one.offered_at,
                due_at=one.expires_at,
                owner=Owner(OwnerKind.STAFF, one.staff_id, one.offered_at),
                number=number,
            ),
            _named(named),
        )


def _relays(session: Session, _at: datetime) -> Iterator[_Row]:
    rows = session.execute(
        select(EmergencyRelay, LoopOwner)
        .join(Call, Call.id == EmergencyRelay.call_id)
        .outerjoin(LoopOwner, _names_for(LoopKind.RELAY, EmergencyRelay.call_id))
        .where(EmergencyRelay.taken_over_at.is_(None), Call.status != CallStatus.ENDED)
    )
    for one, named in rows:
        yield _Row(
            Loop(
                LoopKind.RELAY,
                one.call_id,
                one.practice_id,
                owed=RELAY_OWED,
                since=one.opened_at,
                due_at=one.opened_at + RELAY_WITHIN,
                owner=Owner(OwnerKind.STAFF, one.staff_id, one.opened_at),
                about=one.label,
                number=one.callback_number,
            ),
            _named(named),
        )


def _tasks(session: Session, _at: datetime) -> Iterator[_Row]:
    rows = session.execute(
        select(Task, Patient, LoopOwner, Message.may_answer)
        .outerjoin(Patient, Patient.id == Task.patient_id)
        .outerjoin(Message, Message.id == Task.message_id)
        .outerjoin(LoopOwner, _names_for(LoopKind.TASK, Task.id))
        .where(Task.status.in_(_written([TaskStatus.OPEN, TaskStatus.TAKEN])))
    )
    for one, patient, named, may_answer in rows:
        taken = one.status == TaskStatus.TAKEN and one.taken_by is not None
        yield _Row(
            Loop(
                LoopKind.TASK,
                one.id,
                one.practice_id,
                owed=TASK_OWED[TaskKind(one.kind)],
                since=one.created_at,
                due_at=one.due_at,
                owner=Owner(OwnerKind.STAFF, one.taken_by, one.taken_at, OwnerReason.TAKEN) if taken else DESK,
                about=person_name(patient) if patient is not None else one.caller,
                number=one.number,
                words=one.words,
                is_private=may_answer == MayAnswer.ADDRESSEE,
            ),
            _named(named),
        )


def _written(statuses: Sequence[str]) -> BindParameter[list[str]]:
    """Statuses, written out in the statement: a bound value would not let the small index of open rows serve."""
    return bindparam(None, [str(one) for one in statuses], expanding=True, literal_execute=True)


def _names_for(kind: LoopKind, ref_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Who was named for a row of this kind; a row that is closed is not read, and so nor is who had it."""
    return and_(LoopOwner.kind == kind, LoopOwner.ref_id == ref_id)


def _named(row: LoopOwner | None) -> Owner | None:
    if row is None:
        return None
    return Owner(OwnerKind.STAFF, row.staff_id, row.named_at, OwnerReason(row.reason), by_night=row.named_by is None)


_READERS: dict[LoopKind, Callable[[Session, datetime], Iterator[_Row]]] = {
    LoopKind.MESSAGE: _messages,
    LoopKind.CALLBACK: _callbacks,
    LoopKind.OFFER: _offers,
    LoopKind.RELAY: _relays,
    LoopKind.TASK: _tasks,
}

"""Who would be called now, and then: a ladder read by the same functions that climb it, without telling anybody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.models import Channel, Message, Notice, NoticeStatus, Target, Urgency
from callcenter.dispatch.recipients import Recipient, find_recipient, ladder_of
from callcenter.dispatch.rules.reaching import Lack
from callcenter.dispatch.writing import first_told_at, planned_notices
from callcenter.telephony.notice_calls import line_to_ring_from


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens to one step of a ladder, each time that it is told.

    ``name`` is the practitioner's, empty for the supervisors and where ``lack`` says why nobody is told; ``address``
    is E.164 or an e-mail address, whole: whoever shows it masks it. ``status`` None: it is only thought of.
    """

    position: int
    target: Target
    hours: Sequence[datetime]
    channel: Channel
    name: str = ""
    address: str = ""
    lack: Lack | None = None
    status: NoticeStatus | None = None

    @property
    def is_to_come(self) -> bool:
        """Whether somebody is still to be told by it."""
        return self.status in {None, NoticeStatus.DUE} and self.lack is None


def who_next(
    session: Session,
    practice: Practice,
    practitioner_id: int | None,
    urgency: Urgency,
    *,
    at: datetime,
    free_at: datetime | None = None,
) -> Sequence[Rung]:
    """Every step that a message written at this instant would climb while nobody takes it, by its hours.

    ``practitioner_id`` None: whoever is on call. ``free_at``: as for ``writing.write_message``.
    """
    message = Message(
        practice_id=practice.id,
        practitioner_id=practitioner_id,
        urgency=urgency,
        due_at=first_told_at(session, practice, practitioner_id, urgency, at=at, free_at=free_at),
    )
    planned = planned_notices(session, message, at=at)
    rungs = [_coming(session, message, one.position, one.target, one.channel, one.due_at, at=at) for one in planned]
    if all(one.lack is not None for one in rungs):
        # Nobody was there to be told when it was due, so a person is: as ``notices.claim_notice`` does.
        rungs.append(Rung(rungs[-1].position + 1, Target.SUPERVISOR, [rungs[-1].hours[-1]], Channel.DESK))
    first = min(one.hours[0] for one in rungs)
    if all(one.lack is not None for one in rungs if one.hours[0] == first):
        # Nobody is told at first: the supervisors do not wait, as ``writing.hurry_supervisors`` has it.
        rungs = [replace(one, hours=[first]) if one.target is Target.SUPERVISOR else one for one in rungs]
    known = {one.position for one in planned}
    rungs += [
        _coming(session, message, one.position, one.target, one.channel, message.due_at + one.after, at=at)
        for one in ladder_of(session, practice.id, urgency)
        if one.position not in known
    ]
    return _together(rungs)


def ladder_so_far(session: Session, message: Message, *, at: datetime) -> Sequence[Rung]:
    """Every step of a message that exists: what was told, and what comes, for whoever it would be now."""
    rows = session.scalars(
        select(Notice).where(Notice.message_id == message.id).order_by(Notice.due_at, Notice.position, Notice.id)
    ).all()
    told = {one.practitioner_id for one in rows if one.practitioner_id is not None}
    known = select(Practitioner.id, Practitioner.name).where(
        Practitioner.practice_id == message.practice_id, Practitioner.id.in_(told)
    )
    names = {one.id: one.name for one in session.execute(known)}
    rungs = []
    for one in rows:
        status, target, channel = NoticeStatus(one.status), Target(one.target), Channel(one.channel)
        if status is NoticeStatus.DUE:
            coming = _coming(session, message, one.position, target, channel, max(one.due_at, at), at=at)
            rungs.append(replace(coming, status=status, hours=[one.due_at]))
        else:
            name = names.get(one.practitioner_id or 0, "")
            hour = one.told_at or one.due_at
            rungs.append(Rung(one.position, target, [hour], channel, name, one.address, status=status))
    return _together(rungs)


def masked(address: str) -> str:
    """A number but for its last two digits, an address but for its first letter and its domain."""
    if "@" in address:
        return f"{address[0]}…@{address.rpartition('@')[2]}"
    return f"•• {address[-2:]}" if address else ""


def _coming(
    session: Session,
    message: Message,
    position: int,
    target: Target,
    channel: Channel,
    due_at: datetime,
    *,
    at: datetime,
) -> Rung:
    """One notice as it would be told when it is due: the roster is asked about that instant."""
    rung = Rung(position, target, [due_at], channel)
    if target is Target.SUPERVISOR:
        return rung
    found = find_recipient(session, message, target, channel, at=max(due_at, at))
    if not isinstance(found, Recipient):
        return replace(rung, lack=found)
    told = replace(rung, name=found.name, channel=found.channel, address=found.address)
    if found.channel is Channel.PHONE and message.call_id is None:
        has_line = line_to_ring_from(session, message.practice_id) is not None
        return told if has_line else replace(told, lack=Lack.NO_LINE)
    return told


def _together(rungs: Sequence[Rung]) -> Sequence[Rung]:
    """The repetitions of a step that are alike in one, by the first hour; the supervisors end it."""
    found: list[Rung] = []
    for one in sorted(rungs, key=lambda one: (one.target is Target.SUPERVISOR, one.position)):
        last = found[-1] if found else None
        if last is not None and replace(last, hours=[]) == replace(one, hours=[]):
            found[-1] = replace(last, hours=[*last.hours, *one.hours])
        else:
            found.append(one)
    return sorted(found, key=lambda one: (one.target is Target.SUPERVISOR, one.hours[0], one.position))

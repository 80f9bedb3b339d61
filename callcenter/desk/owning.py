"""Who has an open loop, changed by hand: taken, or given to a colleague.

What a form saw is compared with what is true: whoever acts on something that has changed hands is told so. The row is
written only if it still is what was read.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.desk.loop_rules import Loop, LoopKind, OwnerReason
from callcenter.desk.loops import find_loop
from callcenter.desk.models import LoopOwner
from callcenter.desk.tasks import signal_loops, take_task
from callcenter.directory.models import Role, Staff
from callcenter.dispatch.in_hand import settle_in_hand
from callcenter.routing.agents import was_changed

_OF_THE_CENTRE = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the centre to whom a loop may be given."""

    staff_id: int
    name: str


def colleagues(session: Session) -> list[Colleague]:
    """Everybody of the centre whose account is open, by name. One query."""
    rows = session.execute(
        select(Staff.id, Staff.name).where(Staff.is_active, Staff.role.in_(_OF_THE_CENTRE)).order_by(Staff.name)
    )
    return [Colleague(*row) for row in rows]


def take_loop(session: Session, kind: LoopKind, ref_id: int, *, seen: str, staff_id: int, at: datetime) -> None:
    """Make a loop hers. ``seen`` is the key of who had it on her screen; hers already, nothing changes.

    Raises ``NotFound`` once it is closed; ``Conflict`` naming who has it meanwhile.
    """
    loop = _as_seen(session, kind, ref_id, seen=seen, wanted=staff_id, at=at)
    if loop is None:
        return
    if kind is LoopKind.TASK and not loop.owner.has_name:
        take_task(session, ref_id, staff_id=staff_id, at=at)
        return
    name_owner(session, loop, staff_id, OwnerReason.TAKEN, named_by=staff_id, at=at)


def give_loop(
    session: Session, kind: LoopKind, ref_id: int, *, seen: str, to: str, staff_id: int, at: datetime
) -> None:
    """Hand a loop to a colleague, who sees it on her list.

    Raises ``NotFound`` once it is closed; ``Invalid`` (field ``to``) for nobody of the centre; ``Conflict``.
    """
    colleague = to.strip()
    known = {one.staff_id for one in colleagues(session)}
    if not (colleague.isascii() and colleague.isdigit()) or int(colleague) not in known:
        raise Invalid(N_("Choose a colleague from the list."), field="to")
    loop = _as_seen(session, kind, ref_id, seen=seen, wanted=int(colleague), at=at)
    if loop is not None:
        name_owner(session, loop, int(colleague), OwnerReason.GIVEN, named_by=staff_id, at=at)


def settle_message(session: Session, message_id: int, note: str, *, staff_id: int, at: datetime) -> None:
    """She has seen to a message that is hers, and says what was done; nobody is told of it any more. Twice is once.

    Raises ``Invalid`` without a note, ``Conflict`` while it is somebody else's or once a practitioner has it, and
    ``NotFound``.
    """
    loop = find_loop(session, LoopKind.MESSAGE, message_id, at=at)
    if loop is not None and not loop.owner.is_staff(staff_id):
        raise Conflict(N_("This is not yours: take it first."))
    key = f"settled-{message_id}-by-{staff_id}"
    settle_in_hand(session, message_id, note, request_key=key, staff_id=staff_id, at=at)


def name_owner(
    session: Session, loop: Loop, staff_id: int, reason: OwnerReason, *, named_by: int | None, at: datetime
) -> None:
    """Write down who has a loop from now on. Raises ``Conflict`` when somebody else was named since it was read."""
    row = session.scalar(select(LoopOwner).where(LoopOwner.kind == loop.kind, LoopOwner.ref_id == loop.ref_id))
    values = {"staff_id": staff_id, "reason": reason, "named_by": named_by, "named_at": at}
    if row is None:
        named = insert_new(
            session, LoopOwner, kind=loop.kind, ref_id=loop.ref_id, practice_id=loop.practice_id, **values
        )
    else:
        same = (LoopOwner.staff_id == row.staff_id, LoopOwner.named_at == row.named_at)
        here = (LoopOwner.kind == loop.kind, LoopOwner.ref_id == loop.ref_id)
        named = was_changed(session, update(LoopOwner).where(*here, *same).values(**values))
    if not named:
        raise Conflict(N_("Somebody was faster: this has changed hands. Look again."))
    subject = f"{loop.kind.value} {loop.ref_id}"
    practice_id = loop.practice_id
    record_act(session, f"loop.{reason.value}", subject, staff_id=named_by, practice_id=practice_id, at=at)
    signal_loops(session, practice_id)
    touch(session, f"desk-{staff_id}")


def note_looked(session: Session, staff_id: int, *, at: datetime) -> int:
    """She looks at her list: what the night handed her is news no more. How many there were; she keeps them."""
    looked = (
        update(LoopOwner)
        .where(LoopOwner.staff_id == staff_id, LoopOwner.reason == OwnerReason.NIGHT)
        .values(reason=OwnerReason.TAKEN)
    )
    count = len(session.scalars(looked.returning(LoopOwner.ref_id)).all())
    if count:
        record_act(session, "loops.looked_at", f"staff {staff_id}", staff_id=staff_id, at=at)
        touch(session, "loops", f"desk-{staff_id}")
    return count


def _as_seen(session: Session, kind: LoopKind, ref_id: int, *, seen: str, wanted: int, at: datetime) -> Loop | None:
    """The loop, if it is still with whom the screen said; None when who is wanted has it already."""
    loop = find_loop(session, kind, ref_id, at=at)
    if loop is None:
        raise NotFound(N_("This is closed already, or not yours to see."))
    if loop.owner.is_staff(wanted):
        return None
    if loop.owner.key != seen:
        if not loop.owner.has_name:
            raise Conflict(N_("Nobody has this any more. Look again."))
        raise Conflict(N_("%(name)s has this now."), name=loop.owner.name)
    return loop

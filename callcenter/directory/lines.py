"""The numbers that patients dial; each decides one practice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import parse_number
from callcenter.core.scope import Centre, CentreReason, scope_of, set_scope
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill, remove_unused
from callcenter.directory.models import Practice, PracticeLine


def list_lines(session: Session, practice_id: int) -> Sequence[PracticeLine]:
    """The practice's lines, oldest first."""
    return session.scalars(
        select(PracticeLine).where(PracticeLine.practice_id == practice_id).order_by(PracticeLine.id)
    ).all()


def load_line(session: Session, practice_id: int, line_id: int) -> PracticeLine:
    """One line of this practice. Raises ``NotFound``."""
    line = session.scalar(
        select(PracticeLine).where(PracticeLine.practice_id == practice_id, PracticeLine.id == line_id)
    )
    if line is None:
        raise NotFound(N_("This practice has no such line."))
    return line


def add_line(
    session: Session, practice: Practice, *, number: str, label: str = "", at: datetime, staff_id: int | None
) -> PracticeLine:
    """Give a practice a number. Raises ``Invalid`` when it is no number or another line has it."""
    line = PracticeLine(
        practice_id=practice.id,
        number=_free_number(session, practice, number, except_line=None),
        label=clean_line(label, limit=80),
    )
    session.add(line)
    session.flush()
    record_act(session, "line_added", f"practice_line {line.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    return line


def change_line(
    session: Session,
    practice: Practice,
    line: PracticeLine,
    *,
    number: str,
    label: str = "",
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Correct a line and tell whether anything changed. Raises ``Invalid`` like ``add_line``."""
    free = _free_number(session, practice, number, except_line=line.id)
    changed = fill(line, {"number": free, "label": clean_line(label, limit=80)})
    if changed:
        subject = f"practice_line {line.id}"
        record_act(session, "line_changed", subject, at=at, staff_id=staff_id, practice_id=practice.id)
    return changed


def remove_line(session: Session, line: PracticeLine, *, at: datetime, staff_id: int | None) -> None:
    """Give a number back. Raises ``Conflict`` once it has received calls: the calls stay, and so does the line."""
    subject = f"practice_line {line.id}"
    record_act(session, "line_removed", subject, at=at, staff_id=staff_id, practice_id=line.practice_id)
    remove_unused(session, line, N_("This line has received calls and stays, so that they keep their line."))


def _free_number(session: Session, practice: Practice, typed: str, *, except_line: int | None) -> str:
    number = parse_number(typed, country=practice.country, field="number")
    scope = scope_of(session)
    # The number must be unlike every practice's, also those outside this scope; only its being taken is told.
    set_scope(session, Centre(CentreReason.ADMINISTRATION))
    try:
        taken = session.scalar(select(PracticeLine).where(PracticeLine.number == number))
    finally:
        if scope is not None:
            set_scope(session, scope)
    if taken is None or taken.id == except_line:
        return number
    if taken.practice_id == practice.id:
        raise Invalid(N_("This practice already has this line."), field="number")
    owner = session.scalar(select(Practice.name).where(Practice.id == taken.practice_id))
    raise Invalid(N_("This number is already the line of %(practice)s."), field="number", practice=owner)

"""The instructions of a practice in force at an instant, and how they are written and withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.instructions.models import Instruction

TEXT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class InstructionInForce:
    """One instruction as the operator reads it; instants are UTC, ``valid_until`` None when it has no end."""

    id: int
    text: str
    valid_until: datetime | None
    written_at: datetime


def instructions_in_force(session: Session, practice_id: int, *, at: datetime) -> Sequence[InstructionInForce]:
    """The practice's instructions that hold at ``at``, in the practice's order; the last instant is not included."""
    rows = session.scalars(
        select(Instruction)
        .where(
            Instruction.practice_id == practice_id,
            or_(Instruction.valid_from.is_(None), Instruction.valid_from <= at),
            or_(Instruction.valid_until.is_(None), Instruction.valid_until > at),
        )
        .order_by(Instruction.position, Instruction.id)
    )
    return [InstructionInForce(row.id, row.text, row.valid_until, row.written_at) for row in rows]


def write_instruction(
    session: Session,
    practice_id: int,
    text: str,
    *,
    valid_until: datetime | None,
    staff_id: int | None,
    at: datetime,
    code: str | None = None,
) -> Instruction:
    """Add an instruction after the practice's others, in force from ``at``; ``code`` is its key in imported files.

    Raises ``Invalid`` (fields ``text``, ``valid_until``) for an empty or overlong text, or an end already past.
    """
    kept = _usable_text(text)
    _refuse_past(valid_until, at=at)
    last = session.scalar(select(func.max(Instruction.position)).where(Instruction.practice_id == practice_id))
    instruction = Instruction(
        practice_id=practice_id,
        code=code,
        text=kept,
        position=(last or 0) + 1,
        valid_from=at,
        valid_until=valid_until,
        written_by=staff_id,
        written_at=at,
    )
    session.add(instruction)
    session.flush()
    subject = f"instruction {instruction.id}"
    record_act(session, "instruction_written", subject, at=at, staff_id=staff_id, practice_id=practice_id)
    touch(session, f"practice-{practice_id}")
    return instruction


def load_instruction(session: Session, practice_id: int, instruction_id: int) -> Instruction:
    """One instruction of this practice. Raises ``NotFound``."""
    found = session.scalar(
        select(Instruction).where(Instruction.practice_id == practice_id, Instruction.id == instruction_id)
    )
    if found is None:
        raise NotFound(N_("This instruction does not exist."))
    return found


def change_instruction(
    session: Session,
    instruction: Instruction,
    text: str,
    *,
    valid_until: datetime | None,
    staff_id: int | None,
    at: datetime,
) -> bool:
    """Reword an instruction or move its end, and tell whether anything changed. Raises ``Invalid`` as for a new one."""
    kept = _usable_text(text)
    if (kept, valid_until) == (instruction.text, instruction.valid_until):
        return False
    _refuse_past(valid_until, at=at)
    instruction.text, instruction.valid_until = kept, valid_until
    instruction.written_by, instruction.written_at = staff_id, at
    subject = f"instruction {instruction.id}"
    record_act(session, "instruction_changed", subject, at=at, staff_id=staff_id, practice_id=instruction.practice_id)
    touch(session, f"practice-{instruction.practice_id}")
    return True


def withdraw_instruction(session: Session, instruction_id: int, *, staff_id: int, at: datetime) -> None:
    """End an instruction now; the row stays, because past calls were handled under it. Repeating changes nothing.

    Raises ``NotFound`` when there is none, or none of the practices in scope.
    """
    instruction = session.scalar(select(Instruction).where(Instruction.id == instruction_id))
    if instruction is None:
        raise NotFound(N_("This instruction does not exist."))
    if instruction.valid_until is not None and instruction.valid_until <= at:
        return
    instruction.valid_until = at
    subject = f"instruction {instruction.id}"
    record_act(session, "instruction_withdrawn", subject, at=at, staff_id=staff_id, practice_id=instruction.practice_id)
    touch(session, f"practice-{instruction.practice_id}")


def _usable_text(text: str) -> str:
    kept = clean_line(text, limit=TEXT_LIMIT + 1)
    if not kept:
        raise Invalid(N_("Write what the operator should know or do."), field="text")
    if len(kept) > TEXT_LIMIT:
        sentence = N_("At most %(limit)s characters: the operator reads it during a call.")
        raise Invalid(sentence, field="text", limit=TEXT_LIMIT)
    return kept


def _refuse_past(valid_until: datetime | None, *, at: datetime) -> None:
    if valid_until is not None and valid_until <= at:
        raise Invalid(N_("The end of validity is already past."), field="valid_until")

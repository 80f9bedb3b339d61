"""The numbers that patients dial; each decides one practice."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import CALL_COUNTRIES, parse_number
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill, remove_unused
from callcenter.directory.line_times import forget_times
from callcenter.directory.line_waits import WaitRules, read_waits
from callcenter.directory.models import Forwarding, Practice, PracticeLine
from callcenter.directory.ordinary_numbers import read_ordinary_number, refuse_emergency_line, whole_centre

HIGHEST_GATE = 600  # calls a minute
_LEADING_OUT = ("outside_number", "overflow_number")
_IN_CIRCLES = N_("This number is answered by the centre itself: a caller would go round in circles.")


@dataclass(frozen=True, slots=True)
class LineRules:
    """When the practice sends its calls and what is heard otherwise, as typed; None leaves it as it is."""

    forwarding: str | None = None
    outside_sentence: str | None = None
    outside_number: str | None = None
    gate_per_minute: str | None = None
    waits: WaitRules = field(default_factory=WaitRules)


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
    session: Session,
    practice: Practice,
    *,
    number: str,
    label: str = "",
    rules: LineRules | None = None,
    countries: Set[str] = CALL_COUNTRIES,
    at: datetime,
    staff_id: int | None,
) -> PracticeLine:
    """Give a practice a number. Raises ``Invalid`` when it is no number or another line has it, or a rule is wrong."""
    line = PracticeLine(
        practice_id=practice.id,
        number=_free_number(session, practice, number, except_line=None),
        label=clean_line(label, limit=80),
        **_rules(session, practice, rules, countries),
    )
    _refuse_circles(session, line.number, line, except_line=None)
    session.add(line)
    session.flush()
    record_act(session, "line_added", f"practice_line {line.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    touch(session, "lines")
    return line


def change_line(
    session: Session,
    practice: Practice,
    line: PracticeLine,
    *,
    number: str,
    label: str = "",
    rules: LineRules | None = None,
    countries: Set[str] = CALL_COUNTRIES,
    at: datetime,
    staff_id: int | None,
) -> bool:
    """Correct a line and tell whether anything changed. Raises ``Invalid`` like ``add_line``."""
    free = _free_number(session, practice, number, except_line=line.id)
    columns = {"number": free, "label": clean_line(label, limit=80), **_rules(session, practice, rules, countries)}
    if free != line.number or rules is not None:
        _refuse_circles(session, free, line, columns, except_line=line.id)
    changed = fill(line, columns)
    if changed:
        subject = f"practice_line {line.id}"
        record_act(session, "line_changed", subject, at=at, staff_id=staff_id, practice_id=practice.id)
        touch(session, "lines")
    return changed


def remove_line(session: Session, line: PracticeLine, *, at: datetime, staff_id: int | None) -> None:
    """Give a number back. Raises ``Conflict`` once it has received calls: the calls stay, and so does the line."""
    subject = f"practice_line {line.id}"
    record_act(session, "line_removed", subject, at=at, staff_id=staff_id, practice_id=line.practice_id)
    touch(session, "lines")
    forget_times(session, line)
    remove_unused(session, line, N_("This line has received calls and stays, so that they keep their line."))


def number_outside(
    session: Session, practice: Practice, typed: str, *, countries: Set[str] = CALL_COUNTRIES, field: str
) -> str:
    """A number that callers are put through to, E.164 or empty. Raises ``Invalid``, also for a line of the centre."""
    cleaned = clean_line(typed, limit=40)
    if not cleaned:
        return ""
    number = read_ordinary_number(session, cleaned, country=practice.country, countries=countries, field=field)
    refuse_own_line(session, number, field=field)
    return number


def refuse_own_line(session: Session, number: str, *, field: str) -> None:
    """Raise ``Invalid`` when this number (E.164) is a line of the centre, whichever practice's."""
    if number and line_with(session, number) is not None:
        raise Invalid(_IN_CIRCLES, field=field)


def _refuse_circles(
    session: Session,
    number: str,
    line: PracticeLine,
    columns: Mapping[str, object] = MappingProxyType({}),
    *,
    except_line: int | None,
) -> None:
    """Raise ``Invalid`` when callers are put through to this number (E.164): from this line or from anywhere else.

    ``columns`` are those of the line that are about to change.
    """
    for column in _LEADING_OUT:
        if number == columns.get(column, getattr(line, column)):
            raise Invalid(_IN_CIRCLES, field=column)
    with whole_centre(session):
        leads_here = or_(PracticeLine.outside_number == number, PracticeLine.overflow_number == number)
        lines = set(session.scalars(select(PracticeLine.id).where(leads_here)))
        practices = session.scalars(select(Practice.id).where(Practice.backup_number == number).limit(1)).all()
        if practices or lines - {except_line}:
            raise Invalid(
                N_(
                    "Callers are put through to this number, as an outside, overflow or backup number: as a line of "
                    "the centre it would send them round in circles."
                ),
                field="number",
            )


def _rules(session: Session, practice: Practice, rules: LineRules | None, countries: Set[str]) -> dict[str, object]:
    columns: dict[str, object] = {}
    if rules is None:
        return columns
    if rules.forwarding is not None:
        try:
            columns["forwarding"] = Forwarding(clean_line(rules.forwarding).lower())
        except ValueError:
            modes = ", ".join(Forwarding)
            raise Invalid(N_("The forwarding is one of: %(modes)s."), field="forwarding", modes=modes) from None
    if rules.outside_sentence is not None:
        columns["outside_sentence"] = clean_line(rules.outside_sentence, limit=300)
    for name, typed in zip(_LEADING_OUT, (rules.outside_number, rules.waits.overflow_number), strict=True):
        if typed is not None:
            columns[name] = number_outside(session, practice, typed, countries=countries, field=name)
    columns |= read_waits(rules.waits)
    if rules.gate_per_minute is not None:
        typed = clean_line(rules.gate_per_minute, limit=12)
        if not (typed.isascii() and typed.isdecimal() and int(typed) <= HIGHEST_GATE):
            raise Invalid(
                N_("A number of calls a minute, from 0 (never) to %(most)s."),
                field="gate_per_minute",
                most=HIGHEST_GATE,
            )
        columns["gate_per_minute"] = int(typed)
    return columns


def line_with(session: Session, number: str) -> PracticeLine | None:
    """Whichever practice's: numbers are unlike each other in the whole centre; only being taken is told."""
    with whole_centre(session):
        return session.scalar(select(PracticeLine).where(PracticeLine.number == number))


def _free_number(session: Session, practice: Practice, typed: str, *, except_line: int | None) -> str:
    number = parse_number(typed, country=practice.country, field="number")
    refuse_emergency_line(session, number, field="number")
    taken = line_with(session, number)
    if taken is None or taken.id == except_line:
        return number
    if taken.practice_id == practice.id:
        raise Invalid(N_("This practice already has this line."), field="number")
    owner = session.scalar(select(Practice.name).where(Practice.id == taken.practice_id))
    raise Invalid(N_("This number is already the line of %(practice)s."), field="number", practice=owner)

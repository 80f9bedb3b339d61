"""The typed fields of a practice's own form for a message: read as they are kept, and checked as they were typed. Pure.

None has to be filled: a caller does not know everything, and what is empty is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line

LONGEST = 300
_LABEL = 60
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,6})?")
_BETWEEN_FIGURES = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
_DATE = re.compile(r"(\d{1,2})[/. ](\d{1,2})(?:[/. ](\d{4}|\d{2}))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
YES, NO = "yes", "no"


class FieldKind(StrEnum):
    """What may be typed into a field."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a template; only a choice has ``choices``."""

    label: str
    kind: FieldKind
    choices: Sequence[str] = ()


def read_fields(kept: Sequence[Mapping[str, object]]) -> tuple[FormField, ...]:
    """The fields of a template as they are kept: ``{"label": ..., "kind": ..., "choices": [...]}``, in their order.

    What has no label, or a kind that nobody knows (any more), is asked as text or left out: a call does not wait for
    whoever keeps the template.
    """
    found = []
    for one in kept:
        label = clean_line(str(one.get("label") or ""), limit=_LABEL)
        if not label:
            continue
        listed = one.get("choices")
        said = listed if isinstance(listed, list | tuple) else ()
        choices = tuple(dict.fromkeys(choice for each in said if (choice := clean_line(str(each), limit=LONGEST))))
        kind = _kind(one.get("kind"))
        if kind is FieldKind.CHOICE and not choices:
            kind = FieldKind.TEXT
        found.append(FormField(label, kind, choices if kind is FieldKind.CHOICE else ()))
    return tuple(found)


def check_fields(
    fields: Sequence[FormField], typed: Mapping[str, str], *, today: date, words: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """What was typed, label by label, as a message keeps it; what is empty is left out.

    ``typed`` by ``name_of`` each field; ``today`` at the practice; ``words`` are those for ``YES`` and ``NO`` in its
    language. Raises ``Invalid`` (the field's name) with a sentence that names the field.
    """
    found = []
    for nth, one in enumerate(fields, start=1):
        said = clean_line(typed.get(name_of(nth), ""), limit=LONGEST)
        if said:
            found.append((one.label, _checked(one, said, name_of(nth), today, words)))
    return tuple(found)


def name_of(nth: int) -> str:
    """What the field with this number (from 1) is called in a form."""
    return f"field-{nth}"


def _kind(kept: object) -> FieldKind:
    try:
        return FieldKind(str(kept))
    except ValueError:
        return FieldKind.TEXT


def _checked(one: FormField, said: str, name: str, today: date, words: Mapping[str, str]) -> str:
    if one.kind is FieldKind.NUMBER and not _NUMBER.fullmatch(said := _BETWEEN_FIGURES.sub("", said)):
        raise Invalid(N_("“%(label)s” is a number. Examples: 3, 38,5."), field=name, label=one.label)
    if one.kind is FieldKind.DATE:
        day = _day(said, today)
        if day is None:
            raise Invalid(N_("“%(label)s” is a date. Examples: 4/12, 04/12/2026."), field=name, label=one.label)
        return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
    if one.kind is FieldKind.CHOICE and said not in one.choices:
        raise Invalid(N_("Choose one of what is offered for “%(label)s”."), field=name, label=one.label)
    if one.kind is FieldKind.YES_NO:
        if said not in {YES, NO}:
            raise Invalid(N_("Answer “%(label)s” with yes or no."), field=name, label=one.label)
        return words[said]
    return said


def _day(said: str, today: date) -> date | None:
    """The date; without a year the nearest to today, be it over or to come."""
    if found := _ISO.fullmatch(said):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    found = _DATE.fullmatch(said)
    if found is None:
        return None
    day, month, year = int(found[1]), int(found[2]), found[3]
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    near = [one for turn in (-1, 0, 1) if (one := _date(today.year + turn, month, day)) is not None]
    return min(near, key=lambda one: abs(one - today), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

"""What the directory's files share: codes made from names, and rows that know whether they changed."""

import re
from collections.abc import Iterable, Mapping
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, search_key


def code_from(name: str, taken: Iterable[str]) -> str:
    """A short stable code for a name, unlike those taken: ``Dr Lemoine`` is ``dr-lemoine``, then ``dr-lemoine-2``."""
    known = set(taken)
    stem = search_key(name).replace(" ", "-")[:32].strip("-") or "x"
    code, count = stem, 1
    while code in known:
        count += 1
        code = f"{stem}-{count}"
    return code


def fill(row: object, columns: Mapping[str, object]) -> bool:
    """Set these columns and tell whether any of them was different."""
    changed = False
    for name, value in columns.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed


def needed(typed: str, sentence: str, *, field: str, limit: int) -> str:
    """One line that must not be empty. Raises ``Invalid`` with the sentence."""
    cleaned = clean_line(typed, limit=limit)
    if not cleaned:
        raise Invalid(sentence, field=field)
    return cleaned


def valid_zone(typed: str, *, field: str = "zone") -> str:
    """An IANA time zone that exists. Raises ``Invalid`` with an example."""
    zone = clean_line(typed, limit=60)
    if zone not in available_timezones():
        raise Invalid(N_("This time zone is not known. Example: Europe/Paris."), field=field)
    return zone


def valid_code(typed: str, *, field: str = "code") -> str:
    """A code as the import files use it. Raises ``Invalid`` with an example."""
    code = clean_line(typed, limit=40)
    if not re.fullmatch(r"[\w.-]+", code):
        raise Invalid(N_("A code has letters, digits, dots or dashes, without spaces. Example: tilleuls"), field=field)
    return code


def remove_unused(session: Session, row: object, sentence: str) -> None:
    """Delete a row that nothing refers to; otherwise raise ``Conflict`` with the sentence."""
    session.delete(row)
    try:
        session.flush()
    except IntegrityError:
        # The caller's transaction is rolled back with this refusal, so the row stays.
        raise Conflict(sentence) from None

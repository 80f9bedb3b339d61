"""Lengths of time as people type and read them: 30 min, 2 h, 3 d (3 j in French)."""

import re

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_, gettext
from callcenter.core.text import clean_line

_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "j": 24 * 60}
_TYPED = re.compile(r"(\d{1,5}) ?(?:(m)(?:in\w*)?|(h)\w*|([dj])\w*)\.?")
_LONGEST = 3 * 366 * 24 * 60


def read_span(typed: str, *, field: str) -> int | None:
    """Minutes; None when nothing was typed. Raises ``Invalid`` with an example."""
    cleaned = clean_line(typed, limit=20).lower()
    if not cleaned:
        return None
    found = _TYPED.fullmatch(cleaned)
    minutes = int(found[1]) * _MINUTES[found[2] or found[3] or found[4]] if found else None
    if minutes is None or minutes > _LONGEST:
        raise Invalid(
            N_("%(typed)s is not a length of time. Examples: 30 min, 2 h, 3 d."), field=field, typed=clean_line(typed)
        )
    return minutes


def write_span(minutes: int | None) -> str:
    """As one would type it, in the largest unit that leaves nothing over; nothing for None."""
    if minutes is None:
        return ""
    if minutes and minutes % (24 * 60) == 0:
        return gettext("%(count)s d", count=minutes // (24 * 60))
    if minutes and minutes % 60 == 0:
        return gettext("%(count)s h", count=minutes // 60)
    return gettext("%(count)s min", count=minutes)


def read_count(typed: str, *, field: str, least: int, most: int) -> int | None:
    """A whole number; None when nothing was typed. Raises ``Invalid`` with its limits."""
    cleaned = clean_line(typed, limit=12)
    if not cleaned:
        return None
    if not (cleaned.isascii() and cleaned.isdigit() and least <= int(cleaned) <= most):
        raise Invalid(N_("A number from %(least)s to %(most)s."), field=field, least=least, most=most)
    return int(cleaned)

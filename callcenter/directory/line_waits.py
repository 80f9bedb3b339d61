"""What a line does with those who wait: do they come first, where do they go, when is a call-back offered."""

from dataclasses import dataclass

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line

LONGEST_WAIT = 3600  # seconds
_YES, _NO = {"yes", "oui", "1", "true"}, {"no", "non", "0", "false", ""}


@dataclass(frozen=True, slots=True)
class WaitRules:
    """As typed; None leaves it as it is. The number that callers overflow to is checked by ``directory.lines``."""

    is_priority: str | None = None
    overflow_after: str | None = None
    overflow_number: str | None = None
    callback_after: str | None = None


def read_waits(rules: WaitRules) -> dict[str, object]:
    """The columns of these rules, but for the number. Raises ``Invalid`` naming the field."""
    columns: dict[str, object] = {}
    if rules.is_priority is not None:
        typed = clean_line(rules.is_priority, limit=12).lower()
        if typed not in _YES | _NO:
            raise Invalid(N_("Priority is yes or no."), field="is_priority")
        columns["is_priority"] = typed in _YES
    for name in ("overflow_after", "callback_after"):
        found = getattr(rules, name)
        if found is not None:
            columns[name] = _seconds(found, field=name)
    return columns


def _seconds(typed: str, *, field: str) -> int:
    cleaned = clean_line(typed, limit=12)
    if not (cleaned.isascii() and cleaned.isdecimal() and int(cleaned) <= LONGEST_WAIT):
        raise Invalid(
            N_("A number of seconds, from 0 (never) to %(most)s. Example: 120."), field=field, most=LONGEST_WAIT
        )
    return int(cleaned)

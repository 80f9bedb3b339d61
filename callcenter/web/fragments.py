"""Pieces of a page that are remembered as long as what they show stands: ``{% kept KEY %} ... {% endkept %}``.

The key says all that the piece shows; None when it cannot be said, and the piece is then made anew.
"""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from callcenter.agenda.views.rows import AppointmentRow, AssistRow, FreeRow, HoldRow, WithheldRow
from callcenter.core.i18n import current_language
from callcenter.core.keep import Keep
from callcenter.desk.wide_agenda import WideAgenda, WideColumn

ROOM = 20_000_000  # characters
_NEW = 5  # seconds: what has just been booked is marked


class KeptPiece(Extension):
    """The tag. What is remembered belongs to the environment: one process, one database."""

    tags = {"kept"}  # noqa: RUF012 - as the class above it says

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.keep = Keep(ROOM)

    def parse(self, parser: Parser) -> nodes.Node:
        """``{% kept KEY %}`` up to its end."""
        line = next(parser.stream).lineno
        key = parser.parse_expression()
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_piece", [key]), [], [], body).set_lineno(line)

    def _piece(self, key: Hashable, caller: Callable[[], str]) -> str:
        if key is None:
            return caller()
        found: str | None = self.keep.get(key)
        if found is None:
            found = Markup(caller())  # noqa: S704 - the template has escaped it
            self.keep.put(key, found, len(found))
        return found


def page_key(wide: WideAgenda) -> tuple[Hashable, ...]:
    """What every column of this page shows besides its own day."""
    grid = wide.grid
    return (
        current_language(),
        wide.plain,
        wide.shows_several,
        None if grid is None else (len(grid.columns), grid.rows, grid.folds, tuple([one.text for one in grid.hours])),
        None if wide.moving is None else (wide.moving.id, wide.moving.epoch, wide.moving.practitioner_id),
        None if wide.swap is None else (wide.swap.first.id, wide.swap.second and wide.swap.second.id),
        None if wide.first is None else (wide.first.start, wide.first.practitioner_id),
        None if wide.wanted is None else (wide.wanted.epoch, wide.wanted.practitioner_id),
    )


def column_key(
    wide: WideAgenda, page: tuple[Hashable, ...], column: WideColumn, now: datetime, *, is_first: bool
) -> Hashable:
    """All that one practitioner's day shows; None while somebody holds a time in it, whose seconds run.

    What stands in the rows of the database is said by the version that was read before them.
    """
    view = column.view
    over = recent = 0
    free: list[tuple[int, bool]] = []
    others: list[Hashable] = []
    for placed in column.column.lines:
        line = placed.line
        if isinstance(line, AppointmentRow):
            over += line.is_over
            recent += (now - line.booked_at).total_seconds() < _NEW
        elif isinstance(line, FreeRow):
            free.append((line.start, line.is_first))
        elif isinstance(line, AssistRow | WithheldRow):
            # A colleague's visit changes with that one's agenda; what is kept is released by the hour.
            others.append(line)
        elif isinstance(line, HoldRow):
            return None
    return (
        page,
        view.practitioner_id,
        view.day,
        is_first,
        wide.versions.get(-view.practice_id, 0),
        wide.versions.get(view.practitioner_id, 0),
        over,
        recent,
        tuple(free),
        tuple(others),
        wide.grid.now_row if wide.grid and view.is_today else None,
        column.closed,
    )

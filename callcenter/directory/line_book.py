"""The line book: what must be known of every line without asking the database, kept in memory.

A caller is answered by it when the database is slow, and its rules (hours, closures, sentences) are read on every call.
It is read whole: 250 practices are some hundred kilobytes.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.core.training import reachable
from callcenter.directory.line_entry import Forwarding, HoursRule, LineEntry, Period, PeriodKind
from callcenter.directory.models import LineHours, LinePeriod, Practice, PracticeLine

log = logging.getLogger(__name__)

TOPIC = "lines"
"""Touched by whoever changes a line, its hours, its periods or what its practice says."""


class LineBook:
    """The book in force; safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: Mapping[str, LineEntry] = {}
        self._refreshing = threading.Lock()

    def entry(self, number: str) -> LineEntry | None:
        """The line with this number (E.164), as of the last refresh."""
        return self._entries.get(number)

    def refresh(self, database: Database) -> None:
        """Read it anew. Raises what the database raises; the old book then stays in force."""
        # One at a time: a reading that began earlier must not replace a later one.
        with self._refreshing, database.reading(Centre(CentreReason.WEBHOOK)) as session:
            self._entries = load_line_book(session)


def load_line_book(session: Session) -> dict[str, LineEntry]:
    """Every line by its number, in three queries. Needs a scope of the whole centre.

    Of a practice in training no real number leads out: whoever answers from the book puts nobody through to one.
    """
    hours: dict[int, list[HoursRule]] = defaultdict(list)
    for rule in session.scalars(select(LineHours).order_by(LineHours.weekday, LineHours.starts)):
        hours[rule.line_id].append(HoursRule(rule.weekday, rule.starts, rule.ends))
    periods: dict[int, list[Period]] = defaultdict(list)
    for one in session.scalars(select(LinePeriod).order_by(LinePeriod.starts_on, LinePeriod.id)):
        kind = PeriodKind(one.kind)
        periods[one.line_id].append(Period(kind, one.starts_on, one.ends_on, one.starts, one.ends, one.sentence))
    rows = session.execute(select(PracticeLine, Practice).join(Practice, Practice.id == PracticeLine.practice_id))
    return {
        line.number: LineEntry(
            line_id=line.id,
            practice_id=practice.id,
            practice_code=practice.code,
            practice_name=practice.name,
            number=line.number,
            language=practice.language,
            zone=practice.zone,
            country=practice.country,
            mode=practice.mode,
            forwarding=Forwarding(line.forwarding),
            hours=tuple(hours[line.id]),
            periods=tuple(periods[line.id]),
            outside_sentence=line.outside_sentence,
            outside_number=reachable(practice.mode, line.outside_number),
            overflow_number=reachable(practice.mode, line.overflow_number),
            callback_after=line.callback_after,
            gate_per_minute=line.gate_per_minute,
            emergency_sentence=practice.emergency_sentence,
            backup_number=reachable(practice.mode, practice.backup_number),
        )
        for line, practice in rows
    }

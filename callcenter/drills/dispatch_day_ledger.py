"""An independent look at what is owed: read from the tables with plain statements, by nothing that is being checked.

What counts as open, by when it is due and whether somebody has it by name is said here once more, in other words than
the product's: where the two differ, one of them is wrong.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from callcenter.core.db import Database

_RUNG_BACK_WITHIN = timedelta(minutes=15)
_DONE_WITHIN = timedelta(hours=24)  # after it was taken
_RELAYED_WITHIN = timedelta(minutes=15)

_MESSAGES = """
SELECT m.id, m.written_at, m.deadline_at, m.practitioner_id, a.acknowledged_at, a.practitioner_id, s.id
FROM message m
LEFT JOIN acknowledgement a ON a.message_id = m.id AND a.kind = 'taken'
LEFT JOIN staff s ON s.id = a.staff_id AND s.is_active = :yes
WHERE m.status <> 'done' AND m.status <> 'withdrawn'
"""
_CALLBACKS = """
SELECT c.id, c.opened_at, s.id FROM callback c
LEFT JOIN staff s ON s.id = c.taken_by AND c.status = 'taken' AND s.is_active = :yes
WHERE c.status = 'open' OR c.status = 'taken' OR c.status = 'unreached'
"""
_OFFERS = """
SELECT r.id, r.offered_at, r.expires_at, s.id FROM reservation r
LEFT JOIN staff s ON s.id = r.staff_id AND s.is_active = :yes
WHERE r.status = 'pending'
"""
_RELAYS = """
SELECT e.call_id, e.opened_at, s.id FROM emergency_relay e
JOIN call c ON c.id = e.call_id
LEFT JOIN staff s ON s.id = e.staff_id AND s.is_active = :yes
WHERE e.taken_over_at IS NULL AND c.status <> 'ended'
"""
_TASKS = """
SELECT t.id, t.created_at, t.due_at, s.id FROM task t
LEFT JOIN staff s ON s.id = t.taken_by AND t.status = 'taken' AND s.is_active = :yes
WHERE t.status = 'open' OR t.status = 'taken'
"""
_NAMED = """
SELECT o.kind, o.ref_id, s.name FROM loop_owner o JOIN staff s ON s.id = o.staff_id AND s.is_active = :yes
"""
_BY_KIND = {
    "message": ("SELECT status, count(*) FROM message GROUP BY status", ("done", "withdrawn")),
    "callback": ("SELECT status, count(*) FROM callback GROUP BY status", ("done", "settled")),
    "offer": (
        "SELECT status, count(*) FROM reservation GROUP BY status",
        ("accepted", "expired", "declined", "canceled"),
    ),
    "relay": (
        """SELECT CASE WHEN e.taken_over_at IS NOT NULL OR c.status = 'ended' THEN 'over' ELSE 'open' END, count(*)
        FROM emergency_relay e JOIN call c ON c.id = e.call_id GROUP BY 1""",
        ("over",),
    ),
    "task": ("SELECT status, count(*) FROM task GROUP BY status", ("done", "dropped")),
}


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that is owed at an instant, and whether it is somebody's by name."""

    kind: str
    ref_id: int
    since: datetime
    due_at: datetime
    has_owner: bool


def read_owed(database: Database, *, at: datetime) -> list[Owed]:
    """All that is open now, with whom it is at this instant."""
    with database.engine.connect() as connection:
        named = {(kind, ref_id) for kind, ref_id, _ in connection.execute(text(_NAMED), {"yes": True})}
        return [
            one if one.has_owner else Owed(one.kind, one.ref_id, one.since, one.due_at, (one.kind, one.ref_id) in named)
            for one in _owed(connection, at)
        ]


def named_at_night(database: Database) -> dict[str, int]:
    """How much is each person's since the nightly check, by name."""
    with database.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT s.name, count(*) FROM loop_owner o JOIN staff s ON s.id = o.staff_id "
                "WHERE o.named_by IS NULL GROUP BY s.name ORDER BY s.name"
            )
        )
        return {str(name): int(count) for name, count in rows}


def counted(database: Database) -> tuple[dict[str, int], dict[str, int]]:
    """How many of each kind were opened, and how many of these are over."""
    opened: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    with database.engine.connect() as connection:
        for kind, (statement, over) in _BY_KIND.items():
            for status, count in connection.execute(text(statement)):
                opened[kind] += count
                closed[kind] += count if status in over else 0
    return dict(opened), {kind: closed[kind] for kind in opened}


def number_of_calls(database: Database) -> int:
    """How many callers' calls are written down."""
    return int(_one(database, "SELECT count(*) FROM call WHERE direction = 'inbound'"))


def message_ids(database: Database) -> set[int]:
    """Every message that is written down."""
    return _ids(database, "SELECT id FROM message")


def promise_ids(database: Database) -> set[int]:
    """Every promise that is written down."""
    return _ids(database, "SELECT id FROM task WHERE kind = 'promise'")


def relay_ids(database: Database) -> set[int]:
    """The calls of every relay that is written down."""
    return _ids(database, "SELECT call_id FROM emergency_relay")


def callbacks_of(database: Database) -> dict[tuple[int, str], list[tuple[datetime, datetime | None, str]]]:
    """Each call-back by practice and number: since when, until when it was owed, and why."""
    found: dict[tuple[int, str], list[tuple[datetime, datetime | None, str]]] = {}
    with database.engine.connect() as connection:
        statement = "SELECT practice_id, number, opened_at, closed_at, reason FROM callback"
        for practice_id, number, opened_at, closed_at, reason in connection.execute(text(statement)):
            closed = None if closed_at is None else _instant(closed_at)
            found.setdefault((practice_id, number), []).append((_instant(opened_at), closed, reason))
    return found


def told_of_on_call(database: Database, practice_id: int) -> list[tuple[datetime, int]]:
    """When which practitioner was told as whoever is on call: notices of messages for nobody by name."""
    statement = (
        "SELECT n.told_at, n.practitioner_id FROM notice n JOIN message m ON m.id = n.message_id "
        "WHERE m.practice_id = :practice AND m.practitioner_id IS NULL AND n.target = 'addressee' "
        "AND n.told_at IS NOT NULL AND n.practitioner_id IS NOT NULL ORDER BY n.told_at"
    )
    with database.engine.connect() as connection:
        rows = connection.execute(text(statement), {"practice": practice_id})
        return [(_instant(told_at), practitioner_id) for told_at, practitioner_id in rows]


def passed_midnight(database: Database, day: str) -> int | None:
    """What the nightly check says had passed the midnight at which this day began; None: it has not said."""
    statement = "SELECT subject FROM audit_entry WHERE action = 'loops.night_closed' ORDER BY id"
    with database.engine.connect() as connection:
        said = [subject.split() for (subject,) in connection.execute(text(statement))]
    return next((int(words[3]) for words in reversed(said) if words[1] == day), None)


def _owed(connection: Connection, at: datetime) -> Iterator[Owed]:
    def rows(statement: str) -> Iterator[Any]:
        yield from connection.execute(text(statement), {"yes": True})

    for ref, written, deadline, addressee, taken, by_practitioner, by_staff in rows(_MESSAGES):
        due_at = _instant(deadline)
        if by_practitioner is not None or by_staff is not None:
            yield Owed("message", ref, _instant(written), max(due_at, _instant(taken) + _DONE_WITHIN), True)
        else:
            is_addressees = taken is None and addressee is not None and due_at > at
            yield Owed("message", ref, _instant(written), due_at, is_addressees)
    for ref, opened, by in rows(_CALLBACKS):
        yield Owed("callback", ref, _instant(opened), _instant(opened) + _RUNG_BACK_WITHIN, by is not None)
    for ref, offered, expires, by in rows(_OFFERS):
        yield Owed("offer", ref, _instant(offered), _instant(expires), by is not None)
    for ref, opened, by in rows(_RELAYS):
        yield Owed("relay", ref, _instant(opened), _instant(opened) + _RELAYED_WITHIN, by is not None)
    for ref, created, due, by in rows(_TASKS):
        yield Owed("task", ref, _instant(created), _instant(due), by is not None)


def _instant(told: Any) -> datetime:
    """An instant as the database gives it: SQLite as text without a zone."""
    found = datetime.fromisoformat(told) if isinstance(told, str) else told
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _one(database: Database, statement: str) -> Any:
    with database.engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()


def _ids(database: Database, statement: str) -> set[int]:
    with database.engine.connect() as connection:
        return set(connection.execute(text(statement)).scalars())

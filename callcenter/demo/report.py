"""What a run of the demonstration amounts to, as one JSON object."""

import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from callcenter.demo.operators import Operator
from callcenter.demo.patients import Fates

CALLS_WANTED = 20
APPOINTMENTS_WANTED = 10


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of one run. Every clock starts at the carrier's webhook for the call."""

    calls_placed: int
    calls_answered: int
    calls_abandoned: int
    answer_seconds_median: float | None
    screen_pop_ms_median: float | None
    screen_pop_ms_p99: float | None
    appointments_booked: int
    sms_delivered: int
    outbox_pending: int
    errors: list[str]

    def as_json(self) -> dict[str, object]:
        """The fields, in order."""
        return asdict(self)

    def shortcomings(self) -> list[str]:
        """What keeps this run from being a good one; empty when nothing does."""
        checks = (
            (self.calls_placed >= CALLS_WANTED, f"fewer than {CALLS_WANTED} calls were placed"),
            (self.calls_placed == self.calls_answered + self.calls_abandoned, "some calls are not accounted for"),
            (self.appointments_booked >= APPOINTMENTS_WANTED, f"fewer than {APPOINTMENTS_WANTED} appointments"),
            (self.sms_delivered == self.appointments_booked, "not as many confirmations delivered as booked"),
            (self.outbox_pending == 0, "texts still wait in the outbox"),
            (not self.errors, "errors were seen"),
        )
        return [sentence for holds, sentence in checks if not holds]


def make_report(database: Path, fates: Fates, operators: Sequence[Operator], logs: Sequence[Path]) -> Report:
    """Count what the product kept, what the patients lived through, and what the operators saw."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
        booked = _count(rows, "SELECT count(*) FROM appointment WHERE call_id IS NOT NULL AND status <> 'cancelled'")
        delivered = _count(rows, "SELECT count(*) FROM outbox_message WHERE status = 'delivered'")
        pending = _count(rows, _PENDING)
        kept = _count(rows, "SELECT count(*) FROM call WHERE status = 'ended'")
        at_once = {row[0] for row in rows.execute(_OFFERED_AT_ONCE)}
        answers = [row[0] for row in rows.execute(_ANSWER_SECONDS)]
    # A caller who had to wait for a free operator tells of the staffing, not of the screen's speed.
    seen = {sid: pop for operator in operators for sid, pop in operator.screen_pops_ms.items()}
    pops = sorted(pop for sid, pop in seen.items() if sid in at_once)
    errors = [line for log in logs for line in _complaints(log)]
    errors += [error for operator in operators for error in operator.errors]
    if kept != fates.placed:
        errors.append(f"{fates.placed} calls were placed, {kept} are kept as ended")
    return Report(
        calls_placed=fates.placed,
        calls_answered=fates.answered,
        calls_abandoned=fates.abandoned,
        answer_seconds_median=round(statistics.median(answers), 2) if answers else None,
        screen_pop_ms_median=round(statistics.median(pops), 1) if pops else None,
        screen_pop_ms_p99=round(pops[min(len(pops) - 1, int(len(pops) * 0.99))], 1) if pops else None,
        appointments_booked=booked,
        sms_delivered=delivered,
        outbox_pending=pending,
        errors=errors,
    )


_PENDING = "SELECT count(*) FROM outbox_message WHERE status IN ('pending', 'sending', 'uncertain')"
_OFFERED_AT_ONCE = (
    "SELECT call.sid FROM call JOIN reservation ON reservation.call_id = call.id GROUP BY call.id "
    "HAVING (julianday(min(reservation.offered_at)) - julianday(call.received_at)) * 86400 < 0.05"
)
_ANSWER_SECONDS = (
    "SELECT (julianday(answered_at) - julianday(received_at)) * 86400 FROM call WHERE answered_at IS NOT NULL"
)


def _count(rows: sqlite3.Connection, query: str) -> int:
    counted: int = rows.execute(query).fetchone()[0]
    return counted


def _complaints(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [line[:300] for line in lines if " ERROR " in line or " CRITICAL " in line or line.startswith("Traceback")]

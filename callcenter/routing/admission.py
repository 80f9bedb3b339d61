"""The gate of a flooded practice: its own patients and emergencies pass, strangers are asked for two digits first."""

import itertools
import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.core.phone import read_caller
from callcenter.directory.line_entry import LineEntry
from callcenter.directory.lines import HIGHEST_GATE
from callcenter.directory.models import Patient
from callcenter.telephony.models import Call, CallHandling

WINDOW = timedelta(seconds=60)


class Admission:
    """Counts the calls of each practice in the last minute, in this process. Safe to use from several threads."""

    def __init__(self) -> None:
        # When each call came, in their order, by its SID: a repeat is found at once.
        self._recent: dict[int, dict[str, datetime]] = defaultdict(dict)
        self._urgent: deque[str] = deque(maxlen=1000)
        self._lock = threading.Lock()

    def note(self, entry: LineEntry, sid: str, at: datetime) -> None:
        """Count a call; a repeat of its webhook counts no second time."""
        if entry.gate_per_minute == 0:
            return
        with self._lock:
            recent = self._recent[entry.practice_id]
            # A flood of thousands need not be counted further than the highest gate.
            if len(recent) <= HIGHEST_GATE:
                recent.setdefault(sid, at)
            _forget_old(recent, at)

    def note_urgent(self, sid: str) -> None:
        """Remember that this caller asked for an emergency, until the database has heard of it."""
        self._urgent.append(sid)

    def is_urgent(self, sid: str) -> bool:
        """Whether this caller asked for an emergency at the gate, in this process."""
        return sid in self._urgent

    def handling(self, session: Session, entry: LineEntry, from_number: str | None, at: datetime) -> CallHandling:
        """What this caller is given: the queue, or the gate while her practice is flooded and does not know her.

        The database is asked only then. Needs the scope ``Centre(WEBHOOK)``.
        """
        if not self._is_flooded(entry, at) or _is_known(session, entry.practice_id, read_caller(from_number)):
            return CallHandling.QUEUE
        return CallHandling.GATED

    def _is_flooded(self, entry: LineEntry, at: datetime) -> bool:
        if entry.gate_per_minute == 0:
            return False
        with self._lock:
            recent = self._recent[entry.practice_id]
            _forget_old(recent, at)
            return len(recent) > entry.gate_per_minute


def _forget_old(recent: dict[str, datetime], at: datetime) -> None:
    for sid in list(itertools.takewhile(lambda known: recent[known] <= at - WINDOW, recent)):
        del recent[sid]


def _is_known(session: Session, practice_id: int, number: str | None) -> bool:
    """Whether a patient of the practice has this number, or somebody was answered for it from there before."""
    if number is None:
        return False
    patient = select(Patient.id).where(Patient.practice_id == practice_id, Patient.phone == number)
    call = select(Call.id).where(
        Call.practice_id == practice_id, Call.from_number == number, Call.answered_at.is_not(None)
    )
    return session.scalar(select(or_(patient.exists(), call.exists()))) is True

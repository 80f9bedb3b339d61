"""A centre to be measured: practices with a line each, and operators without a browser."""

import itertools
import secrets
from datetime import timedelta

from sqlalchemy import func, select, update

from callcenter.core import scope
from callcenter.core.clock import SystemClock
from callcenter.core.db import Database
from callcenter.core.errors import StartRefused
from callcenter.core.migrate import upgrade
from callcenter.directory.identity import hash_token
from callcenter.directory.models import Practice, PracticeLine, Role, Staff, StaffSession
from callcenter.routing.models import (
    Agent,
    AgentStatus,
    QueueEntry,
    QueueEntryStatus,
    Reservation,
    ReservationStatus,
)
from callcenter.telephony.models import Call, CallStatus, Leg

PRACTICES = 20
_ALL = scope.Centre(scope.CentreReason.SEED)


class Centre:
    """The database of the product that is measured, from outside."""

    def __init__(self, database_url: str, *, operators: int) -> None:
        upgrade(database_url)
        self._database = Database(database_url)
        self._operators = operators
        self._calls = 0
        lines = [f"+3319900{number:04d}" for number in range(1, PRACTICES + 1)]
        self.numbers = itertools.cycle(lines)
        at = SystemClock().now()
        with self._database.unit_of_work(_ALL) as session:
            for number, line in enumerate(lines, start=1):
                practice = Practice(
                    code=f"p{number}",
                    name=f"Cabinet {number}",
                    short_name=f"Cabinet {number}",
                    created_at=at,
                    mode="training",
                )
                session.add(practice)
                session.flush()
                # How long each caller would wait is reckoned, and is never a day.
                rules = {"gate_per_minute": 0, "callback_after": 86_400}
                session.add(PracticeLine(practice_id=practice.id, number=line, label="", **rules))
            for number in range(operators):
                member = Staff(
                    login=f"operator{number}",
                    name=f"Operator {number}",
                    first_name=f"Operator {number}",
                    role=Role.OPERATOR,
                    password_hash="",
                    endpoint=f"client:operator{number}",
                    created_at=at,
                )
                session.add(member)
                session.flush()
                session.add(
                    Agent(
                        staff_id=member.id,
                        status=AgentStatus.AVAILABLE,
                        status_since=at,
                        lease_until=at + timedelta(days=1),
                    )
                )

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def sign_in_all(self) -> dict[int, str]:
        """A session's token for each operator, by her id."""
        at = SystemClock().now()
        with self._database.unit_of_work(_ALL) as session:
            tokens = {staff_id: secrets.token_urlsafe(32) for staff_id in session.scalars(select(Staff.id))}
            for staff_id, token in tokens.items():
                ends = at + timedelta(hours=12)
                session.add(
                    StaffSession(token_hash=hash_token(token), staff_id=staff_id, created_at=at, expires_at=ends)
                )
        return tokens

    def begin_round(self) -> None:
        """Empty the queue and let every operator be free."""
        at = SystemClock().now()
        with self._database.unit_of_work(_ALL) as session:
            session.execute(update(Reservation).values(status=ReservationStatus.CANCELED, settled_at=at))
            session.execute(update(QueueEntry).values(status=QueueEntryStatus.ABANDONED, left_at=at))
            session.execute(update(Call).values(status=CallStatus.ENDED, ended_at=at, closed_at=at))
            session.execute(update(Agent).values(status=AgentStatus.AVAILABLE, status_since=at))

    def check_round(self, *, calls: int) -> None:
        """Raise ``StartRefused`` unless every call of the round has its rows, and its operators were asked."""
        with self._database.reading(_ALL) as session:
            waiting = (
                select(func.count())
                .select_from(QueueEntry)
                .join(Call, Call.id == QueueEntry.call_id)
                .join(Leg, Leg.call_id == Call.id)
                .where(QueueEntry.status == QueueEntryStatus.WAITING, Call.status == CallStatus.WAITING)
            )
            offered = (
                select(func.count()).select_from(Reservation).where(Reservation.status == ReservationStatus.PENDING)
            )
            found = (session.scalar(waiting), session.scalar(offered))
        if found != (calls, self._operators):
            raise StartRefused(
                f"{found[0]} calls in the queue instead of {calls}, {found[1]} offered instead of {self._operators}."
            )

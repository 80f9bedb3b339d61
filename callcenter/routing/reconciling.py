"""A look at the carrier, and all that follows from it for calls: legs, callers nobody knows of, rooms, operators."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.scope import Centre, CentreReason
from callcenter.routing.arrival import find_lost_caller
from callcenter.routing.noted_callers import note_caller, note_conversations, spoken_elsewhere
from callcenter.routing.repairing import repair_floor
from callcenter.telephony.calls import conference_name
from callcenter.telephony.lines import LINE
from callcenter.telephony.models import Call, MisdialledCall
from callcenter.telephony.provider import CarrierCall, Provider
from callcenter.telephony.reconciling import (
    Look,
    adopt_unwritten,
    close_left_rooms,
    correct_legs,
    look_at_carrier,
    open_legs,
    record_repair,
)

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.WEBHOOK)
_OVERLAP = timedelta(minutes=1)  # looked at twice: a call begins at the carrier before it is listed
_AT_MOST_BACK = timedelta(hours=24)
_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


@dataclass
class Found:
    """What one run put right, by kind."""

    counts: dict[str, int] = field(default_factory=dict)
    carrier_answered: bool = True

    def add(self, kind: str, count: int) -> None:
        """Count repairs of one kind."""
        if count:
            self.counts[kind] = self.counts.get(kind, 0) + count


class Reconciler:
    """Compares calls with the carrier, again and again; remembers between two looks what one alone does not prove."""

    def __init__(
        self, database: Database, provider: Provider, clock: Clock, *, settle: Callable[[], object] = lambda: None
    ) -> None:
        """``settle`` lets some seconds pass after a look, so that reports on their way count before it."""
        self._settle = settle
        self._database = database
        self._provider = provider
        self._clock = clock
        self._began_at = clock.now()
        self._looked_at: datetime | None = None
        self._strangers: frozenset[str] = frozenset()  # live callers in no room, unknown here at the last look

    def run(self) -> Found:
        """Look once and put right what differs. With the carrier out of reach nothing of a call is changed."""
        found = Found()
        try:
            self._compare(found)
        except ProviderError as error:
            log.warning("no look at the carrier: %s", error.code or error.reason)
            found.carrier_answered = False
        with self._database.unit_of_work(Centre(CentreReason.DISTRIBUTION)) as session:
            found.add("floor", repair_floor(session, at=self._clock.now()))
        return found

    def _compare(self, found: Found) -> None:
        at = self._clock.now()
        since = self._look_back_to(at)
        ours = open_legs(self._database)
        look = look_at_carrier(self._provider)
        self._settle()
        # Before a patient is found to have dropped: rung back without a row, she is there, and her call goes on.
        found.add("lines", adopt_unwritten(self._database, look, self._clock))
        found.add("legs", correct_legs(self._database, self._provider, ours, look, self._clock))
        found.add("callers", self._find_callers(look, since=since))
        found.add("rooms", close_left_rooms(self._database, self._provider, look, looked_at=at, clock=self._clock))
        self._looked_at = at

    def _look_back_to(self, at: datetime) -> datetime:
        """Since when callers may have rung without our knowing: the last look, or the last call before the start.

        Calls received since do not count: until one look has succeeded, the dark before the start is not looked into.
        """
        last = self._looked_at
        if last is None:
            with self._database.reading(_SCOPE) as session:
                before = select(Call.received_at).where(Call.received_at < self._began_at)
                last = session.scalar(before.order_by(Call.id.desc()).limit(1))  # no look through the calls of years
        return max((last or at) - _OVERLAP, at - _AT_MOST_BACK)

    def _find_callers(self, look: Look, *, since: datetime) -> int:
        """Callers at the carrier of whom no webhook told: those in their rooms join the queue, the others are noted.

        A live caller in no room may be on her way into one: she is noted when two looks in a row find her so.
        """
        recent = {call.sid: call for call in self._provider.calls_since(since)}
        calls = (recent | look.calls).values()
        unknown = self._unknown(call for call in calls if call.direction == "inbound")
        spoken = spoken_elsewhere(calls)
        kept = 0
        strangers = set()
        for call in unknown:
            live = look.calls.get(call.sid)
            in_her_room = look.room_of.get(call.sid) == conference_name(call.sid)
            if live is not None and in_her_room:
                kept += self._queue(call)
            elif live is None and call.status in _OVER:
                kept += self._note(call, is_over=True, has_spoken=call.sid in spoken)
            elif call.sid in self._strangers:
                kept += self._note(call, is_over=False, has_spoken=call.sid in spoken)
            else:
                strangers.add(call.sid)
        self._strangers = frozenset(strangers)
        if spoken:
            with self._database.unit_of_work(_SCOPE) as session:
                note_conversations(session, spoken, at=self._clock.now())
        return kept

    def _unknown(self, calls: Iterable[CarrierCall]) -> list[CarrierCall]:
        calls = list(calls)
        sids, numbers = [call.sid for call in calls], {call.to_number for call in calls}
        with self._database.reading(_SCOPE) as session:
            known = set(session.scalars(select(Call.sid).where(Call.sid.in_(sids))))
            known |= set(session.scalars(select(MisdialledCall.sid).where(MisdialledCall.sid.in_(sids))))
            ours = set(session.scalars(select(LINE.c.number).where(LINE.c.number.in_(numbers))))
        return [call for call in calls if call.sid not in known and call.to_number in ours]

    def _queue(self, call: CarrierCall) -> bool:
        at = self._clock.now()
        with self._database.unit_of_work(_SCOPE) as session:
            received = find_lost_caller(
                session, sid=call.sid, to_number=call.to_number, from_number=call.from_number, at=at
            )
            if received is not None:
                record_repair(session, "caller_queued", call_id=received.call_id, at=at)
        return received is not None

    def _note(self, call: CarrierCall, *, is_over: bool, has_spoken: bool) -> bool:
        with self._database.unit_of_work(_SCOPE) as session:
            return note_caller(session, call, is_over=is_over, has_spoken=has_spoken, at=self._clock.now())

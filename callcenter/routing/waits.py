"""What is known in memory of how long callers wait, so that asking whether one is offered a key costs no query.

The queue is read every few seconds by a thread of its own (``web.wait_watch``), whoever rings or does not; between two
readings the callers whom nobody was asked to take are counted as they come, lest a burst is heard of too late. On an
ordinary day a call is offered to an operator by the statement that records it, and nothing here is even looked at.
"""

import threading
from collections import OrderedDict
from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.line_entry import LineEntry
from callcenter.routing.arrival_statements import IS_PENDING, OFFER
from callcenter.routing.expected_wait import USUAL_HANDLING, KeyOffer, QueueLook, key_offer, usual_handling
from callcenter.routing.models import Agent, AgentStatus
from callcenter.routing.standing import ENTRY, IS_WAITING
from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.models import Call, Leg

_ON_DUTY = (AgentStatus.AVAILABLE, AgentStatus.RESERVED, AgentStatus.ON_CALL, AgentStatus.WRAP_UP)
_HANDLING_EVERY = timedelta(minutes=1)
_CONVERSATIONS = 200  # the latest of the day: what the floor is like now
_REMEMBERED = 1000  # callers who were offered the key


class Waits:
    """The last look at the queue, and who was offered what since this process began. Safe to use from threads."""

    def __init__(self) -> None:
        self._look: QueueLook | None = None
        self._come_since = 0
        self._offers: OrderedDict[str, KeyOffer] = OrderedDict()
        self._handling = USUAL_HANDLING
        self._handling_at: datetime | None = None
        self._lock = threading.Lock()

    def refresh(self, database: Database, *, zone: ZoneInfo, at: datetime) -> None:
        """Look at the queue anew. Raises what the database raises; the last look then grows old.

        ``zone`` is the centre's: its day is the one whose conversations count.
        """
        with self._lock:
            counted = self._come_since
        with database.reading(Centre(CentreReason.DISTRIBUTION)) as session:
            if self._handling_at is None or at - self._handling_at >= _HANDLING_EVERY:
                self._handling, self._handling_at = _read_handling(session, zone=zone, at=at), at
            look = _read_queue(session, handling=self._handling, at=at)
        with self._lock:
            self._look = look
            self._come_since -= counted

    def first_offer(
        self, sid: str, entry: LineEntry, from_number: str | None, *, countries: Set[str], at: datetime
    ) -> KeyOffer | None:
        """What a caller is offered who has just joined the queue, and whom nobody was asked to take at once."""
        with self._lock:
            look = self._look and replace(self._look, waiting=self._look.waiting + self._come_since)
            self._come_since += 1
        offer = key_offer(look, entry, from_number, countries=countries, at=at)
        if offer is not None:
            with self._lock:
                self._offers[sid] = offer
                if len(self._offers) > _REMEMBERED:
                    self._offers.popitem(last=False)
        return offer

    def offer_again(self, sid: str) -> KeyOffer | None:
        """What this caller was offered: a repeat of her webhook gets the same answer."""
        return self._offers.get(sid)


def _read_queue(session: Session, *, handling: timedelta, at: datetime) -> QueueLook:
    # Every pending offer is of somebody who waits.
    waiting = select(func.count()).select_from(ENTRY).where(IS_WAITING).scalar_subquery()
    asked = select(func.count()).select_from(OFFER).where(IS_PENDING).scalar_subquery()
    on_duty = (
        select(func.count())
        .select_from(Agent)
        .where(Agent.status.in_(_ON_DUTY), Agent.lease_until > at)
        .scalar_subquery()
    )
    all_waiting, all_asked, working = session.connection().execute(select(waiting, asked, on_duty)).one()
    return QueueLook(at=at, waiting=max(0, all_waiting - all_asked), on_duty=working, handling=handling)


def _read_handling(session: Session, *, zone: ZoneInfo, at: datetime) -> timedelta:
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # By the callers' legs, whose instants have an index: among the calls of years the day's would be searched for.
    rows = session.execute(
        select(Call.answered_at, Call.ended_at)
        .join(Leg, and_(Leg.call_id == Call.id, Leg.label == PATIENT_LABEL))
        .where(Leg.dialled_at >= midnight, Call.answered_at.is_not(None), Call.ended_at.is_not(None))
        .order_by(Leg.dialled_at.desc())
        .limit(_CONVERSATIONS)
    )
    return usual_handling([ended - answered for answered, ended in rows if answered is not None and ended is not None])

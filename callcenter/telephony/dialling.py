"""Ringing a telephone into a call, in three steps: commit what is wanted, tell the carrier, record what it answered.

The carrier is always told outside any transaction: a slow answer must hold neither a lock nor a connection. A process
that dies in between leaves rows that ``telephony.sweeping`` finishes. Whether and when a call may leave is asked of
``telephony.placing`` in the first step.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.i18n import N_
from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.calls import conference_name
from callcenter.telephony.legs import lock_call, record_leg_event
from callcenter.telephony.lines import number_of_line
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.placing import take_turn, take_turn_again
from callcenter.telephony.provider import LABEL_TAKEN, RING_FOR, Provider
from callcenter.telephony.state import LegNews
from callcenter.telephony.twiml import callback_url

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.DISTRIBUTION)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


PATIENCE = timedelta(seconds=2)
"""How long a gesture waits for its turn at the carrier's pace; after that the sweep dials."""

EMERGENCY_RINGS_FOR = 20
"""Seconds that an emergency line rings before the next one is tried: somebody is in danger meanwhile."""

# Each waits in a thread of the pages, which an emergency's gesture needs too: beyond these the sweep dials.
_may_wait = threading.BoundedSemaphore(8)


def dial_leg(
    database: Database,
    provider: Provider,
    leg_id: int,
    clock: Clock,
    *,
    settings: Settings,
    patience: timedelta = PATIENCE,
) -> LegStatus:
    """Tell the carrier to ring a wanted leg; where the leg stands afterwards.

    Only one caller gets to tell: a repeat finds the leg claimed. A refusal, the carrier's or ``telephony.placing``'s,
    makes the leg ``failed`` with its reason; a leg whose turn does not come within ``patience`` stays ``wanted``; no
    answer leaves it ``dialling``, and the sweep asks again, which the unique label makes harmless. Raises nothing.
    """
    until = clock.now() + patience
    while True:
        claim = _claim(database, leg_id, settings=settings, clock=clock)
        if isinstance(claim, DialOrder):
            return tell_carrier(database, provider, claim, clock)
        if claim is None or claim > until:
            return _status(database, leg_id)
        if not _may_wait.acquire(blocking=False):
            return _status(database, leg_id)
        try:
            # Outside any transaction: whoever waits for her turn keeps nobody else waiting.
            clock.wait(max(0.0, (claim - clock.now()).total_seconds()))
        finally:
            _may_wait.release()


def dial_again(
    database: Database, provider: Provider, leg: Leg, order: "DialOrder", clock: Clock, *, settings: Settings
) -> None:
    """Tell the carrier once more of a leg that it perhaps never heard of, when the pace allows it now."""
    if leg.role != LegRole.EMERGENCY:
        with database.unit_of_work(_SCOPE) as session:
            if not take_turn_again(session, settings=settings, clock=clock):
                return
    if (order.document_url or order.digits) and _rings_already(database, provider, order, clock):
        return
    tell_carrier(database, provider, order, clock)


def _rings_already(database: Database, provider: Provider, order: "DialOrder", clock: Clock) -> bool:
    """Whether the carrier rings this telephone although its answer was lost; its SID is then kept.

    What comes into a room by itself has no label that makes a repeat harmless: it is looked for by its number. True,
    too, when the carrier cannot be asked: the next sweep does.
    """
    try:
        ringing = [call.sid for call in provider.live_calls() if call.to_number == order.to]
    except ProviderError as error:
        log.warning("leg %s is not dialled again yet: %s", order.leg_id, error.code or error.reason)
        return True
    with database.unit_of_work(_SCOPE) as session:
        known = set(session.scalars(select(Leg.sid).where(Leg.sid.in_(ringing))))
        sid = next((one for one in ringing if one not in known), None)
        if sid is None:
            return False
        leg = session.scalars(select(Leg).where(Leg.id == order.leg_id)).one()
        lock_call(session, leg.call_id)
        session.refresh(leg)
        record_leg_event(session, leg, LegNews.DIALLED, at=clock.now(), sid=sid)
    return True


@dataclass(frozen=True, slots=True)
class DialOrder:
    """What the carrier is told to ring one leg."""

    leg_id: int
    conference: str
    to: str
    caller: str
    label: str
    status_callback: str
    conference_callback: str
    document_url: str = ""  # asked to press a key first: it then comes into the room by itself
    muted: bool = False
    coached_sid: str | None = None
    digits: str = ""
    ring_for: int = RING_FOR


def order_for(session: Session, leg: Leg, call: Call, *, settings: Settings) -> DialOrder:
    """The order that rings this leg. It shows a number owned at the carrier: others are cut by French operators."""
    caller = settings.caller_number or number_of_line(session, call.line_id)
    return DialOrder(
        leg_id=leg.id,
        conference=conference_name(call.sid),
        to=leg.address,
        caller=caller,
        label=leg.label,
        status_callback=callback_url(settings.public_url, f"/twilio/leg?leg={leg.id}"),
        conference_callback=callback_url(settings.public_url, "/twilio/conference"),
        document_url=_question(leg, call, settings.public_url) if leg.asks_key else "",
        muted=leg.starts_muted,
        coached_sid=_sid_of(session, leg.coached_leg_id),
        digits=leg.digits,
        ring_for=EMERGENCY_RINGS_FOR if leg.role == LegRole.EMERGENCY else RING_FOR,
    )


def _question(leg: Leg, call: Call, public_url: str) -> str:
    """Where the carrier asks what is heard on a telephone that must press a key."""
    about_message = call.handling == CallHandling.NOTICE and leg.role == LegRole.PRACTITIONER
    return callback_url(public_url, f"/twilio/{'notice' if about_message else 'ear'}?leg={leg.id}")


def _sid_of(session: Session, leg_id: int | None) -> str | None:
    return None if leg_id is None else session.scalar(select(Leg.sid).where(Leg.id == leg_id))


def tell_carrier(database: Database, provider: Provider, order: DialOrder, clock: Clock) -> LegStatus:
    """The second and third step of dialling; where the leg stands afterwards."""
    sid: str | None = None
    failure = ""
    try:
        sid = _ring(provider, order)
    except ProviderError as error:
        if error.code != LABEL_TAKEN:  # taken: an earlier try got through, its own reports tell the rest
            log.warning("leg %s was not dialled: %s", order.leg_id, error.code or error.reason)
            if error.unknown:
                return LegStatus.DIALLING
            failure = N_("refused by the carrier") if error.permanent else N_("the carrier cannot be reached")
    with database.unit_of_work(_SCOPE) as session:
        leg = session.scalars(select(Leg).where(Leg.id == order.leg_id)).one()
        call = lock_call(session, leg.call_id)
        session.refresh(leg)
        if failure and (leg.sid is not None or leg.status != LegStatus.DIALLING):
            failure = ""  # an earlier order got through after all, and its reports came: this refusal was of a repeat
        news = LegNews.FAILED if failure else LegNews.DIALLED
        record_leg_event(session, leg, news, at=clock.now(), sid=sid, failure=failure)
        # She, or the patient, hung up while we were telling the carrier.
        too_late = sid is not None and (call.status == CallStatus.ENDED or leg.status in _OVER)
        status = LegStatus(leg.status)
    if too_late and sid is not None:
        hang_up_leg(provider, sid)
    return status


def _ring(provider: Provider, order: DialOrder) -> str:
    if order.document_url:
        return provider.ring(
            to=order.to,
            caller=order.caller,
            document_url=order.document_url,
            status_callback=order.status_callback,
        )
    return provider.dial_into_conference(
        conference=order.conference,
        to=order.to,
        caller=order.caller,
        label=order.label,
        status_callback=order.status_callback,
        conference_callback=order.conference_callback,
        muted=order.muted,
        coached_sid=order.coached_sid,
        digits=order.digits,
        ring_for=order.ring_for,
    )


def hang_up_leg(provider: Provider, sid: str) -> None:
    """End a leg that is no longer wanted, here over already; raises nothing."""
    try:
        provider.hang_up(sid)
    except ProviderError as error:
        log.warning("a leg could not be hung up: %s", error.code or error.reason)


def failure_of(database: Database, leg_id: int) -> str:
    """Why a leg failed, a message id; empty when it did not."""
    with database.reading(_SCOPE) as session:
        return session.scalars(select(Leg.failure).where(Leg.id == leg_id)).one()


def _claim(database: Database, leg_id: int, *, settings: Settings, clock: Clock) -> DialOrder | datetime | None:
    """The order to tell the carrier, or the instant of this leg's turn, or None when there is nothing to tell."""
    with database.unit_of_work(_SCOPE) as session:
        leg = session.scalar(select(Leg).where(Leg.id == leg_id))
        if leg is None:
            return None
        call = lock_call(session, leg.call_id)
        session.refresh(leg)
        if leg.status != LegStatus.WANTED:
            return None
        if call.status == CallStatus.ENDED:
            record_leg_event(session, leg, LegNews.FAILED, at=clock.now(), failure=N_("the patient has left"))
            return None
        order = order_for(session, leg, call, settings=settings)
        turn = take_turn(session, leg, settings=settings, clock=clock)
        if turn.refusal:
            log.warning("leg %s is not dialled: %s", leg.id, turn.refusal)
            record_leg_event(session, leg, LegNews.FAILED, at=turn.at, failure=turn.refusal)
        if not turn.is_now:
            return turn.not_before
        record_leg_event(session, leg, LegNews.DIALLED, at=turn.at)
        return order


def _status(database: Database, leg_id: int) -> LegStatus:
    with database.reading(_SCOPE) as session:
        return LegStatus(session.scalars(select(Leg.status).where(Leg.id == leg_id)).one())

"""The rows of a relay, found under the lock of its call, and told to whoever looks at them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.desk.handling import handled_call
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.relay_rules import LegFact
from callcenter.directory.emergency_lines import lines_of_practice
from callcenter.directory.emergency_order import LineToTry
from callcenter.directory.models import Practice
from callcenter.telephony.adopting import attempt_of
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Leg, LegRole


def her_relay(session: Session, call_id: int, *, staff_id: int, lock: bool = False) -> EmergencyRelay:
    """The relay of her call, once it is open.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` before its card was opened.
    """
    handled_call(session, call_id, staff_id=staff_id)
    if lock:
        # Before looking: two Enters at once would each find no leg and ring the regulator twice.
        lock_call(session, call_id)
    relay = relay_of(session, call_id, afresh=lock)
    if relay is None:
        raise Conflict(N_("Open the emergency card first, with F12."))
    return relay


def relay_of(session: Session, call_id: int, *, afresh: bool = False) -> EmergencyRelay | None:
    """The relay of a call; ``afresh`` when the call was locked just now."""
    found = select(EmergencyRelay).where(EmergencyRelay.call_id == call_id)
    return session.scalar(found.execution_options(populate_existing=afresh))


def emergency_legs(session: Session, call_id: int, *, afresh: bool = False) -> Sequence[Leg]:
    """The emergency lines rung in a call, in the order they were dialled."""
    query = select(Leg).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY).order_by(Leg.id)
    return in_order(session.scalars(query.execution_options(populate_existing=afresh)).all())


def in_order(legs: Sequence[Leg]) -> Sequence[Leg]:
    """Emergency legs in the order they were dialled: those rung without the database are written down in any."""
    return sorted(legs, key=lambda leg: (attempt_of(leg.label), leg.id))


def facts_of(legs: Sequence[Leg]) -> list[LegFact]:
    """What the rules need of these legs."""
    return [LegFact(status=leg.status, joined_at=leg.joined_at, number=leg.address) for leg in legs]


def lines_to_try(session: Session, practice: Practice, *, at: datetime) -> list[LineToTry]:
    """All lines of a practice in order, also those that it may not reach in training."""
    return lines_of_practice(session, practice, today=at.astimezone(ZoneInfo(practice.zone)).date())


def signal_relay(session: Session, relay: EmergencyRelay) -> None:
    """Have the screens of this relay read it again."""
    touch(session, f"call-{relay.call_id}", f"desk-{relay.staff_id}")

"""Where an operator hears her calls: the softphone in her browser, or her own telephone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.directory.models import Staff
from callcenter.routing.agents import was_changed
from callcenter.routing.desk_claim import open_agent
from callcenter.routing.models import Agent, Ear
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus

_CLIENT = "client:"
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Telephone:
    """What is rung to bring her into a call: E.164 or ``client:identity``; whether it asks her to press 1 first."""

    address: str
    asks_key: bool = False


@dataclass(frozen=True, slots=True)
class EarView:
    """What she hears her next call with, and what this one rings on. ``number`` is her own telephone, E.164 or ''."""

    ear: Ear
    number: str
    has_softphone: bool
    call_id: int | None = None  # a call in which she is heard through the other one
    is_moving: bool = False  # the other one rings for it

    @property
    def other(self) -> Ear | None:
        """What she can change to; None when there is only one."""
        if self.ear is Ear.SOFTPHONE:
            return Ear.TELEPHONE if self.number else None
        return Ear.SOFTPHONE if self.has_softphone else None


def softphone_identity(staff_id: int, session_id: int) -> str:
    """What her browser is called at the carrier. One per sign-in: of two that she has open never do both ring.

    Letters, digits and underscores alone: the carrier promises nothing for others.
    """
    return f"operator_{staff_id}_{session_id}"


def telephone_of(session: Session, staff_id: int) -> Telephone:
    """The telephone that is rung for her now. Raises ``Invalid`` (field ``endpoint``) when she has none."""
    endpoint = session.scalars(select(Staff.endpoint).where(Staff.id == staff_id)).one()
    agent = session.execute(select(Agent.ear, Agent.session_id).where(Agent.staff_id == staff_id)).one_or_none()
    if agent is not None and agent.ear == Ear.SOFTPHONE:
        if agent.session_id is None:
            raise Invalid(N_("Your desk is open nowhere. Open it, then try again."), field="endpoint")
        return Telephone(_CLIENT + softphone_identity(staff_id, agent.session_id))
    if not endpoint:
        raise Invalid(
            N_("You have no telephone yet. An administrator sets it under Staff, in your account."), field="endpoint"
        )
    return Telephone(endpoint, asks_key=not endpoint.startswith(_CLIENT))


def ear_view(session: Session, staff_id: int, *, has_softphone: bool) -> EarView:
    """How she stands; ``has_softphone``: the installation lets browsers be rung."""
    endpoint = session.scalars(select(Staff.endpoint).where(Staff.id == staff_id)).one()
    agent = session.scalar(select(Agent).where(Agent.staff_id == staff_id))
    number = "" if endpoint.startswith(_CLIENT) else endpoint
    chosen = agent.ear if agent is not None else None
    if chosen is None:
        chosen = Ear.TELEPHONE if number or not has_softphone else Ear.SOFTPHONE
    call_id, is_moving = _other_call(session, staff_id) if agent is not None else (None, False)
    return EarView(Ear(chosen), number, has_softphone, call_id, is_moving)


def note_softphone(session: Session, staff_id: int, *, at: datetime) -> None:
    """Her browser is about to be rung: hers from now on, unless she chose her own telephone, or has only that."""
    endpoint = session.scalars(select(Staff.endpoint).where(Staff.id == staff_id)).one()
    open_agent(session, staff_id, session_id=None, at=at)
    if endpoint and not endpoint.startswith(_CLIENT):
        return
    unchosen = update(Agent).where(Agent.staff_id == staff_id, Agent.ear.is_(None))
    if was_changed(session, unchosen.values(ear=Ear.SOFTPHONE)):
        touch(session, f"desk-{staff_id}")


def choose_ear(session: Session, staff_id: int, ear: Ear, *, has_softphone: bool, at: datetime) -> Ear | None:
    """What rings for her from her next call on; what it was. Raises ``Invalid`` for one that she does not have."""
    endpoint = session.scalars(select(Staff.endpoint).where(Staff.id == staff_id)).one()
    if ear is Ear.TELEPHONE and (not endpoint or endpoint.startswith(_CLIENT)):
        raise Invalid(
            N_("Your account has no number of a telephone. An administrator sets it under Staff."), field="endpoint"
        )
    if ear is Ear.SOFTPHONE and not has_softphone:
        raise Invalid(N_("Your calls ring on your own telephone: none is set up for the browser."), field="endpoint")
    open_agent(session, staff_id, session_id=None, at=at)
    before = session.scalars(select(Agent.ear).where(Agent.staff_id == staff_id).with_for_update()).one()
    session.execute(update(Agent).where(Agent.staff_id == staff_id).values(ear=ear))
    touch(session, f"desk-{staff_id}")
    return before


def keep_ear(session: Session, staff_id: int, before: Ear | None, *, instead_of: Ear) -> None:
    """The telephone she chose cannot be rung: her next call rings on the one that works, unless she chose again."""
    chosen = update(Agent).where(Agent.staff_id == staff_id, Agent.ear == instead_of)
    if was_changed(session, chosen.values(ear=before)):
        touch(session, f"desk-{staff_id}")


def move_call(session: Session, call_id: int, *, staff_id: int, at: datetime) -> Leg:
    """Have the telephone that is hers now rung into the call that she is on through another.

    The other one lets go once she is in (``old_ears``): nobody hears a gap. Asked twice, it is the same leg; the leg to
    dial once this is committed. Raises ``Conflict`` when she is not in the conversation.
    """
    call = lock_call(session, call_id)
    own = session.scalars(
        select(Leg)
        .where(Leg.call_id == call_id, Leg.role == LegRole.OPERATOR, Leg.staff_id == staff_id)
        .order_by(Leg.id)
        .execution_options(populate_existing=True)
    ).all()
    there = [leg for leg in own if leg.status == LegStatus.JOINED]
    if call.status == CallStatus.ENDED or not there:
        raise Conflict(N_("You are not in a conversation that could be moved."))
    telephone = telephone_of(session, staff_id)
    found = next((leg for leg in own if leg.address == telephone.address and leg.status not in _OVER), None)
    if found is not None:
        return found
    return want_leg(
        session,
        call,
        role=LegRole.OPERATOR,
        label=f"operator-{staff_id}-ear-{len(own) + 1}",
        address=telephone.address,
        asks_key=telephone.asks_key,
        starts_muted=there[-1].muted,
        staff_id=staff_id,
        at=at,
    )


def is_expected(session: Session, address: str, *, staff_id: int, leg_sid: str) -> bool:
    """Whether a call that rings at this address of hers is one that she asked for: it alone is answered by itself.

    She took it, or is to be beside its operator. ``leg_sid`` is the carrier's; ours may not know it yet.
    """
    legs = session.execute(
        select(Leg.sid).where(
            Leg.staff_id == staff_id,
            Leg.role.in_((LegRole.OPERATOR, LegRole.SUPERVISOR)),
            Leg.address == address,
            Leg.status.in_((LegStatus.DIALLING, LegStatus.RINGING, LegStatus.JOINED)),
        )
    )
    return any(sid in {None, leg_sid} for (sid,) in legs)


def _other_call(session: Session, staff_id: int) -> tuple[int | None, bool]:
    """The call that she is on through another telephone than her present one, and whether that rings for it."""
    own = session.scalars(
        select(Leg)
        .join(Call, Call.id == Leg.call_id)
        .where(
            Call.status != CallStatus.ENDED,
            Leg.staff_id == staff_id,
            Leg.role == LegRole.OPERATOR,
            Leg.status.not_in(_OVER),
        )
        .order_by(Leg.id)
    ).all()
    there = [leg for leg in own if leg.status == LegStatus.JOINED]
    if not there:
        return None, False
    try:
        telephone = telephone_of(session, staff_id)
    except Invalid:
        return None, False
    same = [leg for leg in own if leg.call_id == there[-1].call_id and leg.address == telephone.address]
    if any(leg.status == LegStatus.JOINED for leg in same):
        return None, False
    return there[-1].call_id, bool(same)

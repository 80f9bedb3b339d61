"""Everybody in a call, as its operator's card shows them: the patient, herself, whoever she has brought in."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Staff
from callcenter.routing.models import Reservation, ReservationRule, ReservationStatus
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.transferring import THIRD

_OVER = (LegStatus.LEFT, LegStatus.FAILED)


class Presence(StrEnum):
    """How somebody is in the call."""

    CALLED = "called"
    RINGS = "rings"
    ON_LINE = "on_line"
    ON_HOLD = "on_hold"
    NOT_REACHED = "not_reached"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Companion:
    """One person of the call. The patient's ``name`` is the card's to say; ``failure`` is a message id."""

    role: LegRole
    presence: Presence
    name: str = ""
    is_me: bool = False
    is_muted: bool = False
    failure: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the others hear this person, or will."""
        return self.presence not in {Presence.NOT_REACHED, Presence.LEFT}


@dataclass(frozen=True, slots=True)
class Company:
    """Who is in the call. ``third`` is whoever is besides the patient and herself, on the way or on the line."""

    people: Sequence[Companion] = ()
    third: Companion | None = None
    is_guest: bool = False  # a colleague asked her in and is still there
    is_muted: bool = False  # she is not heard
    is_held: bool = False  # the patient hears music
    put_through: bool = False  # she has left the patient with somebody whom she had asked in
    attempts: int = 0  # how often somebody was asked into this call
    passed_by: str = ""  # the colleague who passes, or wanted to pass, this call
    note: str = ""  # what that colleague says of it

    @property
    def emergency_is_in(self) -> bool:
        """Whether the emergency line is in the call, or on its way: nobody else is asked in meanwhile."""
        return any(one.role is LegRole.EMERGENCY and one.is_there for one in self.people)

    @property
    def third_is_in(self) -> bool:
        """Whether the third person is on the line."""
        return self.third is not None and self.third.presence is Presence.ON_LINE


@dataclass(frozen=True, slots=True)
class _Asked:
    """A colleague who was asked into the call."""

    reservation: Reservation
    to_name: str
    from_name: str


def read_company(session: Session, call_id: int, legs: Sequence[Leg], *, staff_id: int) -> Company:
    """Who is in the call with these legs, in their order. Always two queries."""
    asked, names = _asked(session, call_id, legs)
    patient = next((leg for leg in reversed(legs) if leg.role == LegRole.PATIENT), None)
    mine = [leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id]
    # While her call moves to another telephone she is heard through the first.
    own = next((leg for leg in reversed(mine) if leg.status == LegStatus.JOINED), mine[-1] if mine else None)
    outside = [leg for leg in legs if leg.role in THIRD]
    colleagues = [
        leg
        for leg in legs
        if leg.role in {LegRole.OPERATOR, LegRole.SUPERVISOR} and leg.staff_id != staff_id and leg.status not in _OVER
    ]
    emergency = [leg for leg in legs if leg.role == LegRole.EMERGENCY and leg.status not in _OVER]
    last = asked[-1] if asked else None

    people = [_companion(patient)] if patient is not None else []
    if own is not None:
        people.append(_companion(own, names, is_me=True))
    people += [_companion(leg, names) for leg in colleagues]
    if last is not None:
        people += _who_was_asked(last, staff_id, outside)
    people += [_companion(leg) for leg in emergency]
    if outside and (
        outside[-1].status not in _OVER or last is None or last.reservation.offered_at < outside[-1].wanted_at
    ):
        people.append(_companion(outside[-1]))

    there = [one for one in people if not one.is_me and one.is_there and one.role in _THIRDS]
    to_me = next((one for one in reversed(asked) if one.reservation.staff_id == staff_id), None)
    host = to_me.reservation.from_staff_id if to_me is not None else None
    passed = to_me or (last if last is not None and last.reservation.from_staff_id != staff_id else None)
    return Company(
        people=people,
        third=there[0] if there else None,
        is_guest=host is not None and any(leg.staff_id == host and leg.role == LegRole.OPERATOR for leg in colleagues),
        is_muted=own is not None and own.status == LegStatus.JOINED and own.muted,
        is_held=patient is not None and patient.on_hold,
        put_through=_has_put_through(patient, own, legs, asked),
        attempts=len(outside) + len(asked),
        passed_by=passed.from_name if passed is not None else "",
        note=passed.reservation.note if passed is not None else "",
    )


_THIRDS = frozenset({*THIRD, LegRole.OPERATOR})


def _asked(session: Session, call_id: int, legs: Sequence[Leg]) -> tuple[list[_Asked], dict[int, str]]:
    offers = session.scalars(
        select(Reservation)
        .where(Reservation.call_id == call_id, Reservation.rule == ReservationRule.TRANSFER)
        .order_by(Reservation.id)
    ).all()
    ids = {leg.staff_id for leg in legs} | {one.staff_id for one in offers} | {one.from_staff_id for one in offers}
    rows = session.execute(select(Staff.id, Staff.first_name, Staff.name).where(Staff.id.in_(ids - {None})))
    names = {staff_id: first_name or name for staff_id, first_name, name in rows}
    asked = [_Asked(one, names.get(one.staff_id, ""), names.get(one.from_staff_id or 0, "")) for one in offers]
    return asked, names


def _has_put_through(patient: Leg | None, own: Leg | None, legs: Sequence[Leg], asked: Sequence[_Asked]) -> bool:
    """Whether the patient was still there when she left, and somebody of her asking with her, or on the way."""
    if patient is None or own is None or own.status != LegStatus.LEFT or own.left_at is None:
        return False
    gone_at, me = own.left_at, own.staff_id
    if patient.left_at is not None and patient.left_at <= gone_at:
        return False
    hers = [one.reservation for one in asked if one.reservation.from_staff_id == me]
    colleagues = {one.staff_id for one in hers if one.status == ReservationStatus.ACCEPTED}
    with_the_patient = [
        leg
        for leg in legs
        if (leg.role in THIRD and leg.staff_id == me) or (leg.role == LegRole.OPERATOR and leg.staff_id in colleagues)
    ]
    return any(one.status == ReservationStatus.PENDING for one in hers) or any(
        leg.status != LegStatus.FAILED and (leg.left_at is None or leg.left_at > gone_at) for leg in with_the_patient
    )


def _who_was_asked(asked: _Asked, staff_id: int, outside: Sequence[Leg]) -> list[Companion]:
    """A colleague who is asked, or did not come; who came has a telephone in the call."""
    offer = asked.reservation
    if offer.staff_id == staff_id or offer.status == ReservationStatus.ACCEPTED:
        return []
    if offer.status == ReservationStatus.PENDING:
        return [Companion(LegRole.OPERATOR, Presence.RINGS, asked.to_name)]
    if outside and outside[-1].wanted_at > offer.offered_at:
        return []  # somebody else was asked since
    return [Companion(LegRole.OPERATOR, Presence.NOT_REACHED, asked.to_name)]


def _companion(leg: Leg, names: dict[int, str] | None = None, *, is_me: bool = False) -> Companion:
    name = leg.name or (names or {}).get(leg.staff_id or 0, "")
    return Companion(
        role=LegRole(leg.role),
        presence=_presence(leg),
        name=name,
        is_me=is_me,
        is_muted=leg.status == LegStatus.JOINED and leg.muted,
        failure=leg.failure,
    )


def _presence(leg: Leg) -> Presence:
    if leg.status == LegStatus.JOINED:
        return Presence.ON_HOLD if leg.on_hold else Presence.ON_LINE
    if leg.status in _OVER:
        return Presence.LEFT if leg.joined_at is not None else Presence.NOT_REACHED
    return Presence.RINGS if leg.status == LegStatus.RINGING else Presence.CALLED

"""Whom an operator may put a patient through to: the practice's own people, colleagues, or a number she types."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, literal_column, or_, select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Forbidden, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import format_number, parse_callable
from callcenter.core.training import refusal_in_training
from callcenter.directory.models import (
    Certification,
    Contact,
    Practice,
    Practitioner,
    Role,
    Staff,
)
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.lines import is_emergency_line
from callcenter.telephony.models import Call, Leg, LegRole
from callcenter.telephony.transferring import Outsider

_REMEMBERED_FOR = timedelta(days=60)
_LARGEST_ID = 2**31 - 1
# Written out, so that the index of those who were rung from calls serves among the legs of years.
_THIRD: ColumnElement[bool] = literal_column("leg.role IN ('practitioner', 'contact')")


class TargetKind(StrEnum):
    """What somebody is to the practice."""

    PRACTITIONER = "practitioner"
    CONTACT = "contact"
    COLLEAGUE = "colleague"
    SUPERVISOR = "supervisor"
    NUMBER = "number"  # typed


@dataclass(frozen=True, slots=True)
class Target:
    """One person of the list. ``status`` is a colleague's; a practitioner's number is nobody's to read."""

    kind: TargetKind
    id: int
    name: str
    detail: str = ""
    number: str = ""  # E.164, a contact's
    status: AgentStatus | None = None

    @property
    def key(self) -> str:
        """What the form sends."""
        return f"{self.kind}:{self.id}"

    @property
    def can_be_asked(self) -> bool:
        """Whether it can ring there now."""
        return self.status is None or self.status is AgentStatus.AVAILABLE


def list_targets(session: Session, practice_id: int, *, staff_id: int, at: datetime) -> Sequence[Target]:
    """The practice's own people, the last one used first, then who is at her desk and may take its calls."""
    outside = [target for _, target in sorted(_outside(session, practice_id, at=at), key=lambda one: one[0])]
    return [*outside, *_colleagues(session, practice_id, staff_id=staff_id, at=at)]


def read_outsider(
    session: Session, call: Call, practice: Practice, chosen: str, *, typed: str, countries: Set[str]
) -> Outsider:
    """Whom the form chose, outside. ``typed`` is the number, when it chose none of the list.

    Raises ``Invalid`` (field ``typed``) for a number that may not be called, ``NotFound`` for whom the practice does
    not have.
    """
    outsider = _chosen_outsider(session, call, practice, chosen, typed=typed, countries=countries)
    _refuse_emergency(session, practice, outsider.address)
    return outsider


def _refuse_emergency(session: Session, practice: Practice, address: str) -> None:
    """The emergency services are reached by the emergency card alone, which keeps the patient with the regulator."""
    if is_emergency_line(session, address):  # also another practice's own
        raise Invalid(N_("This is an emergency line: F12 calls it, and keeps the patient with you."), field="typed")
    refusal = refusal_in_training(practice.mode, address)
    if refusal:
        raise Forbidden(refusal)


def _chosen_outsider(
    session: Session, call: Call, practice: Practice, chosen: str, *, typed: str, countries: Set[str]
) -> Outsider:
    kind, _, number = chosen.partition(":")
    if kind == TargetKind.NUMBER:
        address = parse_callable(typed, country=practice.country, countries=countries, field="typed")
        if address in {call.from_number, call.callback_number}:
            raise Invalid(N_("This is the caller's own number."), field="typed")
        return Outsider(LegRole.CONTACT, address, format_number(address, country=practice.country))
    row_id = int(number) if number.isascii() and number.isdecimal() and len(number) <= 10 else 0
    if not 0 < row_id <= _LARGEST_ID:
        raise Invalid(N_("Choose whom to call, or type a number."), field="typed")
    if kind == TargetKind.PRACTITIONER:
        doctor = session.scalar(
            select(Practitioner).where(Practitioner.practice_id == practice.id, Practitioner.id == row_id)
        )
        if doctor is None or not doctor.phone:
            raise NotFound(N_("This practice has no such person to put through to."))
        return Outsider(LegRole.PRACTITIONER, doctor.phone, doctor.name)
    contact = session.scalar(select(Contact).where(Contact.practice_id == practice.id, Contact.id == row_id))
    if kind != TargetKind.CONTACT or contact is None:
        raise NotFound(N_("This practice has no such person to put through to."))
    return Outsider(LegRole.CONTACT, contact.number, contact.name, contact.digits)


def read_colleague(session: Session, practice: Practice, chosen: str, *, staff_id: int, at: datetime) -> int | None:
    """The colleague whom the form chose; None when it chose somebody else.

    Raises ``Conflict`` when that colleague is not there, or may not take this practice's calls.
    """
    kind, _, number = chosen.partition(":")
    if kind not in {TargetKind.COLLEAGUE, TargetKind.SUPERVISOR}:
        return None
    found = next(
        (one for one in _colleagues(session, practice.id, staff_id=staff_id, at=at) if str(one.id) == number), None
    )
    if found is None or not found.can_be_asked:
        raise Conflict(N_("This colleague is not free any more."))
    return found.id


def _outside(session: Session, practice_id: int, *, at: datetime) -> list[tuple[tuple[float, int, str], Target]]:
    used = _last_used(session, practice_id, at=at)

    def turn(address: str, place: int, name: str) -> tuple[float, int, str]:
        last = used.get(address)
        return (-last.timestamp() if last is not None else 0.0, place, name.casefold())

    doctors = session.scalars(
        select(Practitioner)
        .where(Practitioner.practice_id == practice_id, Practitioner.phone != "")
        .order_by(Practitioner.position)
    )
    found = [
        (turn(one.phone, 0, ""), Target(TargetKind.PRACTITIONER, one.id, one.name, one.profession)) for one in doctors
    ]
    contacts = session.scalars(select(Contact).where(Contact.practice_id == practice_id))
    return found + [
        (turn(one.number, 1, one.name), Target(TargetKind.CONTACT, one.id, one.name, one.note, one.number))
        for one in contacts
    ]


def _last_used(session: Session, practice_id: int, *, at: datetime) -> dict[str, datetime]:
    rows = session.execute(
        select(Leg.address, func.max(Leg.wanted_at).label("last"))
        .where(Leg.practice_id == practice_id, _THIRD, Leg.wanted_at > at - _REMEMBERED_FOR)
        .group_by(Leg.address)
    )
    return {row.address: row.last for row in rows}


def _colleagues(session: Session, practice_id: int, *, staff_id: int, at: datetime) -> list[Target]:
    practice = session.get_one(Practice, practice_id)
    certified = select(Certification.staff_id).where(Certification.practice_id == practice_id)
    rows = session.execute(
        select(Staff, Agent.status)
        .join(Agent, Agent.staff_id == Staff.id)
        .where(
            Staff.is_active,
            Staff.id != staff_id,
            Staff.role.in_((Role.OPERATOR, Role.SUPERVISOR)),
            Agent.lease_until > at,
            Agent.status != AgentStatus.OFFLINE,
            *([or_(Staff.id.in_(certified), Staff.role == Role.SUPERVISOR)] if practice.certified_only else []),
        )
        .order_by(Staff.name)
    )
    found = [
        Target(
            TargetKind.SUPERVISOR if staff.role == Role.SUPERVISOR else TargetKind.COLLEAGUE,
            staff.id,
            staff.name,
            status=AgentStatus(status),
        )
        for staff, status in rows
        if not staff.languages or practice.language in staff.languages.split()
    ]
    return sorted(found, key=lambda one: (not one.can_be_asked, one.kind is TargetKind.SUPERVISOR))

"""What an operator must be able to do for a practice, and who knows a caller already, as the databases read it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, exists, literal_column, or_, select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.directory.models import Certification, Practice, Staff
from callcenter.routing.agents import whole_floor
from callcenter.routing.choice import Barrier, Skills
from callcenter.telephony.models import Call, Leg, LegRole

KNOWN_FOR = timedelta(days=90)
"""Whoever spoke with a caller within this time is asked first."""

_CALL, _LEG = cast(Table, Call.__table__).alias("earlier_call"), cast(Table, Leg.__table__).alias("earlier_leg")
_STAFF, _PRACTICE, _CERTIFICATION = (cast(Table, kind.__table__) for kind in (Staff, Practice, Certification))
_BLANK = literal_column("' '", String)


def may_take() -> ColumnElement[bool]:
    """Whether the operator of the row may take the calls of the row's practice; ``Skills.barrier``, as a condition."""
    speaks = or_(
        _STAFF.c.languages == literal_column("''"),
        (_BLANK + _STAFF.c.languages + _BLANK).contains(_BLANK + _PRACTICE.c.language + _BLANK),
    )
    certified = exists().where(_CERTIFICATION.c.staff_id == _STAFF.c.id, _CERTIFICATION.c.practice_id == _PRACTICE.c.id)
    return speaks & or_(~_PRACTICE.c.certified_only, certified)


def last_spoken_with(practice_id: ColumnElement[int], number: ColumnElement[Any], *, since: ColumnElement[Any]) -> Any:
    """The operator who last spoke with this number (E.164; NULL: withheld) for this practice; a scalar subquery."""
    return (
        select(_LEG.c.staff_id)
        .join_from(_CALL, _LEG, _LEG.c.call_id == _CALL.c.id)
        .where(
            _CALL.c.practice_id == practice_id,
            _CALL.c.from_number == number,
            _CALL.c.received_at > since,
            # In a call of ours the operator comes first: nobody was spoken with whose telephone was only rung.
            _CALL.c.answered_at.is_not(None),
            _LEG.c.role == literal_column(f"'{LegRole.OPERATOR}'"),
            _LEG.c.joined_at.is_not(None),
            _LEG.c.staff_id.is_not(None),
        )
        .order_by(_LEG.c.joined_at.desc())
        .limit(literal_column("1"))
    )


def skills_of(session: Session, staff_ids: Collection[int]) -> dict[int, Skills]:
    """What these operators can do. Two queries, however many they are."""
    with whole_floor(session):
        certified: dict[int, set[int]] = {}
        for staff_id, practice_id in session.execute(
            select(Certification.staff_id, Certification.practice_id).where(Certification.staff_id.in_(staff_ids))
        ):
            certified.setdefault(staff_id, set()).add(practice_id)
        languages = session.execute(select(Staff.id, Staff.languages).where(Staff.id.in_(staff_ids)))
        return {
            staff_id: Skills(frozenset(spoken.split()), frozenset(certified.get(staff_id, ())))
            for staff_id, spoken in languages
        }


def barrier_to(session: Session, staff_id: int, practice: Practice) -> Barrier:
    """Why this operator cannot take this practice's calls; ``NONE`` when she can."""
    skills = skills_of(session, [staff_id]).get(staff_id, Skills())
    return skills.barrier(practice.id, language=practice.language, certified_only=practice.certified_only)


def refuse_unqualified(session: Session, staff_id: int, practice_id: int) -> None:
    """Raise ``Conflict`` with what keeps this operator from the practice's calls, if anything does."""
    practice = session.scalars(select(Practice).where(Practice.id == practice_id)).one()
    match barrier_to(session, staff_id, practice):
        case Barrier.CERTIFICATION:
            raise Conflict(
                N_("You are not certified for %(practice)s: its calls are for operators trained for it."),
                practice=practice.name,
            )
        case Barrier.LANGUAGE:
            raise Conflict(
                N_("%(practice)s takes its calls in a language that is not among yours."), practice=practice.name
            )

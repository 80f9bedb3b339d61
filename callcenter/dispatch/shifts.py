"""Somebody else is on call, or nobody, from one hour to another: arranged by hand above the rotations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import LONGEST_ARRANGED
from callcenter.dispatch.on_call_changes import lock_roster, note_change, read_wall_moment, stretch_between
from callcenter.dispatch.on_call_models import OnCallShift
from callcenter.dispatch.rules.roster import DAY, ShiftSource

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class OverrideParticulars:
    """An override as typed: a practitioner's id or ``nobody``, and wall-clock times of the practice."""

    who: str = ""
    starts: str = ""  # 2026-12-24T18:00
    ends: str = ""


def list_overrides(session: Session, practice_id: int, *, at: datetime) -> Sequence[OnCallShift]:
    """What was arranged by hand and is not over, the first to begin first."""
    return session.scalars(
        select(OnCallShift)
        .where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.source == ShiftSource.OVERRIDE,
            OnCallShift.ends_at > at,
            OnCallShift.withdrawn_at.is_(None),
        )
        .order_by(OnCallShift.starts_at, OnCallShift.id)
    ).all()


def add_override(
    session: Session, practice_id: int, typed: OverrideParticulars, *, at: datetime, staff_id: int
) -> OnCallShift:
    """Put somebody on call for this time, or nobody, above all that was arranged before; sent twice it is one.

    Raises ``Invalid`` naming the field.
    """
    zone = lock_roster(session, practice_id)
    who = _read_who(session, practice_id, typed.who)
    starts, ends = read_wall_moment(typed.starts, field="starts"), read_wall_moment(typed.ends, field="ends")
    starts_at, ends_at = stretch_between(starts, ends, zone, field="ends")
    if ends_at <= at:
        raise Invalid(N_("This time is over."), field="ends")
    if starts_at < at - DAY:
        raise Invalid(N_("This begins more than a day ago, and what is over stays as it was."), field="starts")
    if ends_at - starts_at > LONGEST_ARRANGED:
        raise Invalid(
            N_("At most %(days)s days at a time; what is longer is a rotation."),
            field="ends",
            days=LONGEST_ARRANGED.days,
        )
    on_top = session.scalars(
        select(OnCallShift)
        .where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.source != ShiftSource.IMPORTED,
            OnCallShift.starts_at < ends_at,
            OnCallShift.ends_at > starts_at,
            OnCallShift.withdrawn_at.is_(None),
        )
        .order_by(OnCallShift.id.desc())
        .limit(1)
    ).first()
    if on_top is not None and (on_top.practitioner_id, on_top.starts_at, on_top.ends_at) == (who, starts_at, ends_at):
        return on_top
    row = OnCallShift(
        practice_id=practice_id,
        practitioner_id=who,
        starts_at=starts_at,
        ends_at=ends_at,
        source=ShiftSource.OVERRIDE,
        arranged_by=staff_id,
        arranged_at=at,
    )
    session.add(row)
    session.flush()
    note_change(session, practice_id, "on_call_override_added", f"on_call_shift {row.id}", at=at, staff_id=staff_id)
    return row


def withdraw_override(session: Session, practice_id: int, shift_id: int, *, at: datetime, staff_id: int) -> None:
    """Take an override back: one to come never counts, one that runs ends now; withdrawn twice it is once.

    Raises ``NotFound``, and ``Conflict`` when it is over.
    """
    lock_roster(session, practice_id)
    row = session.scalar(
        select(OnCallShift).where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.id == shift_id,
            OnCallShift.source == ShiftSource.OVERRIDE,
        )
    )
    if row is None:
        raise NotFound(N_("This practice has no such override."))
    if row.withdrawn_at is not None or row.ends_at == at:
        return
    if row.ends_at < at:
        raise Conflict(N_("This is over, and what was stays as it was."))
    withdraw(session, row, at=at)
    note_change(session, practice_id, "on_call_override_withdrawn", f"on_call_shift {row.id}", at=at, staff_id=staff_id)


def withdraw(session: Session, row: OnCallShift, *, at: datetime) -> None:
    """A shift to come is withdrawn; of one that runs, what has been stays and the rest goes."""
    change = {"ends_at": at} if row.starts_at < at else {"withdrawn_at": at}
    session.execute(
        update(OnCallShift)
        .where(OnCallShift.practice_id == row.practice_id, OnCallShift.id == row.id, OnCallShift.withdrawn_at.is_(None))
        .values(**change)
    )


def _read_who(session: Session, practice_id: int, typed: str) -> int | None:
    if typed == NOBODY:
        return None
    own = session.scalars(select(Practitioner.id).where(Practitioner.practice_id == practice_id))
    found = {str(one): one for one in own}.get(typed)
    if found is None:
        raise Invalid(N_("Choose who is on call, or nobody."), field="who")
    return found

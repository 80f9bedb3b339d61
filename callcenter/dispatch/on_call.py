"""Who is on call at a practice, from its rotations and from what was arranged."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation, OnCallShift
from callcenter.dispatch.rules.roster import DAY, Gap, Rotation, Shift, ShiftSource, gaps, on_call_at, roster

LOOKS_AHEAD = 30 * DAY


def who_is_on_call(session: Session, practice_id: int, *, at: datetime) -> Shift | None:
    """The shift of whoever is on call at this instant; None: nobody is."""
    return on_call_at(_rotations(session, practice_id), _arranged(session, practice_id, at - DAY, at + DAY), at)


def read_roster(session: Session, practice_id: int, *, starts_at: datetime, ends_at: datetime) -> Sequence[Shift]:
    """Who is on call between two instants, stretch by stretch."""
    arranged = _arranged(session, practice_id, starts_at, ends_at)
    return roster(_rotations(session, practice_id), arranged, starts_at=starts_at, ends_at=ends_at)


def find_gaps(session: Session, practice_id: int, *, at: datetime) -> Sequence[Gap]:
    """The times of the next thirty days for which nobody is on call; none where the practice has no roster at all."""
    until = at + LOOKS_AHEAD
    shifts = read_roster(session, practice_id, starts_at=at, ends_at=until)
    has_roster = bool(shifts) or bool(_rotations(session, practice_id))
    return gaps(shifts, starts_at=at, ends_at=until) if has_roster else ()


def _rotations(session: Session, practice_id: int) -> list[Rotation]:
    zone = session.scalars(select(Practice.zone).where(Practice.id == practice_id)).one()
    members: dict[int, list[int]] = {}
    for rotation_id, practitioner_id in session.execute(
        select(OnCallMember.rotation_id, OnCallMember.practitioner_id)
        .where(OnCallMember.practice_id == practice_id)
        .order_by(OnCallMember.rotation_id, OnCallMember.position)
    ):
        members.setdefault(rotation_id, []).append(practitioner_id)
    rows = session.scalars(
        select(OnCallRotation).where(OnCallRotation.practice_id == practice_id).order_by(OnCallRotation.id)
    )
    return [
        Rotation(members.get(one.id, []), one.starts_on, one.turn_days, one.changes_at, zone, one.ends_on)
        for one in rows
    ]


def _arranged(session: Session, practice_id: int, starts_at: datetime, ends_at: datetime) -> list[Shift]:
    rows = session.scalars(
        select(OnCallShift)
        .where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.ends_at > starts_at,
            OnCallShift.starts_at < ends_at,
            OnCallShift.withdrawn_at.is_(None),
        )
        .order_by(OnCallShift.id)
    )
    return [Shift(one.starts_at, one.ends_at, one.practitioner_id, ShiftSource(one.source)) for one in rows]

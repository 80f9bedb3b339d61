"""The rotations of a practice: who is on call in turn. What has run is never changed nor erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.core.wall_time import instant_of
from callcenter.directory.changes import fill
from callcenter.directory.line_times import read_clock, read_day
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import zone_of
from callcenter.dispatch.on_call_changes import lock_roster, note_change
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation
from callcenter.dispatch.rules.roster import DAY, Rotation

MOST_MEMBERS = 60


@dataclass(frozen=True, slots=True)
class RotationParticulars:
    """A rotation as typed; ``members`` are ids of practitioners in the order of their turns."""

    name: str = ""
    members: Sequence[int] = ()
    turn_days: str = "7"
    changes_at: str = "18:00"
    starts_on: str = ""
    ends_on: str = ""  # empty: it goes on


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation with its members in order, and how it stands at an instant."""

    row: OnCallRotation
    members: Sequence[int]
    has_begun: bool
    is_over: bool


def list_rotations(session: Session, practice_id: int, *, at: datetime) -> list[RotationView]:
    """The practice's rotations, the first that counts first; those that are over, or never ran, are left out."""
    found = [_view(session, row, at=at) for row in _rows(session, practice_id)]
    return [one for one in found if not one.is_over]


def load_rotation(session: Session, practice_id: int, rotation_id: int, *, at: datetime) -> RotationView:
    """One rotation of this practice. Raises ``NotFound``."""
    row = session.scalar(
        select(OnCallRotation).where(OnCallRotation.practice_id == practice_id, OnCallRotation.id == rotation_id)
    )
    if row is None:
        raise NotFound(N_("This practice has no such rotation."))
    return _view(session, row, at=at)


def add_rotation(
    session: Session, practice_id: int, typed: RotationParticulars, *, at: datetime, staff_id: int | None
) -> OnCallRotation:
    """Put practitioners on call in turn; the same one sent twice is one. Raises ``Invalid`` naming the field."""
    zone = lock_roster(session, practice_id)
    columns, members = _read(session, practice_id, typed)
    for one in list_rotations(session, practice_id, at=at):
        if list(one.members) == members and all(getattr(one.row, name) == value for name, value in columns.items()):
            return one.row
    _refuse_past_start(columns["starts_on"], zone, at=at)
    return _add(session, practice_id, columns, members, "on_call_rotation_added", at=at, staff_id=staff_id)


def change_rotation(
    session: Session,
    practice_id: int,
    rotation_id: int,
    typed: RotationParticulars,
    *,
    at: datetime,
    staff_id: int | None,
) -> OnCallRotation:
    """Change a rotation: one that has not begun, itself; of one that runs, the turns from the day typed on.

    The turn that runs on that day is finished first, and what has run stays as it ran: the changed order is a rotation
    of its own that follows. Raises ``Invalid`` naming the field, and ``Conflict`` when it is over.
    """
    zone = lock_roster(session, practice_id)
    known = load_rotation(session, practice_id, rotation_id, at=at)
    if known.is_over:
        raise Conflict(N_("This rotation is over: add another one."))
    columns, members = _read(session, practice_id, typed)
    if not known.has_begun:
        _refuse_past_start(columns["starts_on"], zone, at=at)
        if fill(known.row, columns) or list(known.members) != members:
            _set_members(session, known.row, members)
            _note(session, known.row, "on_call_rotation_changed", at=at, staff_id=staff_id)
        return known.row
    turns = ("turn_days", "changes_at")
    if list(known.members) == members and all(getattr(known.row, name) == columns[name] for name in turns):
        # Only its name, or its last day: no turn becomes another one.
        if columns["ends_on"] != known.row.ends_on:
            _refuse_past_end(columns["ends_on"], zone, at=at)
        if fill(known.row, {"name": columns["name"], "ends_on": columns["ends_on"]}):
            _note(session, known.row, "on_call_rotation_changed", at=at, staff_id=staff_id)
        return known.row
    if columns["starts_on"] <= at.astimezone(zone).date():
        raise Invalid(
            N_("This rotation runs already: choose from which day on it is to be otherwise, tomorrow at the earliest."),
            field="starts_on",
        )
    if known.row.ends_on is not None and columns["starts_on"] > known.row.ends_on:
        raise Invalid(N_("This rotation ends before that day: add another one."), field="starts_on")
    known.row.ends_on = columns["starts_on"] - DAY
    _note(session, known.row, "on_call_rotation_ended", at=at, staff_id=staff_id)
    return _add(session, practice_id, columns, members, "on_call_rotation_changed", at=at, staff_id=staff_id)


def end_rotation(
    session: Session, practice_id: int, rotation_id: int, *, ends_on: str, at: datetime, staff_id: int | None
) -> None:
    """Let no turn begin after this day (empty: today); one that has not begun then never does.

    Raises ``Invalid`` for a day that is past.
    """
    zone = lock_roster(session, practice_id)
    known = load_rotation(session, practice_id, rotation_id, at=at)
    today = at.astimezone(zone).date()
    last = read_day(ends_on, field="ends_on") if ends_on.strip() else today
    _refuse_past_end(last, zone, at=at)
    if known.is_over or known.row.ends_on == last:
        return
    if known.row.ends_on is not None and last > known.row.ends_on:
        raise Invalid(N_("It ends earlier already."), field="ends_on")
    known.row.ends_on = last if last >= known.row.starts_on else known.row.starts_on - DAY
    _note(session, known.row, "on_call_rotation_ended", at=at, staff_id=staff_id)


def _rows(session: Session, practice_id: int) -> Sequence[OnCallRotation]:
    return session.scalars(
        select(OnCallRotation).where(OnCallRotation.practice_id == practice_id).order_by(OnCallRotation.id)
    ).all()


def _view(session: Session, row: OnCallRotation, *, at: datetime) -> RotationView:
    members = session.scalars(
        select(OnCallMember.practitioner_id)
        .where(OnCallMember.practice_id == row.practice_id, OnCallMember.rotation_id == row.id)
        .order_by(OnCallMember.position)
    ).all()
    zone = zone_of(session, row.practice_id)
    begins_at = instant_of(datetime.combine(row.starts_on, row.changes_at), zone)
    rule = Rotation(members, row.starts_on, row.turn_days, row.changes_at, zone.key, row.ends_on)
    return RotationView(row, members, has_begun=begins_at <= at, is_over=not rule.may_still_run(at))


def _read(session: Session, practice_id: int, typed: RotationParticulars) -> tuple[dict[str, Any], list[int]]:
    """The columns and the members as typed. Raises ``Invalid`` naming the field."""
    own = set(session.scalars(select(Practitioner.id).where(Practitioner.practice_id == practice_id)))
    members = list(typed.members)
    if not members:
        raise Invalid(N_("Choose at least one practitioner."), field="members")
    if not own.issuperset(members):
        raise Invalid(N_("Choose practitioners of this practice."), field="members")
    if len(members) > MOST_MEMBERS:
        raise Invalid(N_("A rotation has at most %(most)s turns."), field="members", most=MOST_MEMBERS)
    try:
        days = int(clean_line(typed.turn_days, limit=6))
    except ValueError:
        days = 0
    if not 1 <= days <= 366:
        raise Invalid(N_("A turn lasts from 1 to 366 days. Example: 7."), field="turn_days")
    changes_at = read_clock(typed.changes_at, field="changes_at")
    starts_on = read_day(typed.starts_on, field="starts_on")
    ends_on = read_day(typed.ends_on, field="ends_on") if typed.ends_on.strip() else None
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(N_("The last day comes before the first."), field="ends_on")
    columns = {
        "name": clean_line(typed.name, limit=80),
        "turn_days": days,
        "changes_at": changes_at,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    return columns, members


def _refuse_past_start(starts_on: date, zone: ZoneInfo, *, at: datetime) -> None:
    """A roster says who was on call: it is not written for days that are over. Today may be begun late."""
    if starts_on < at.astimezone(zone).date():
        raise Invalid(N_("This day is past: a rotation begins today at the earliest."), field="starts_on")


def _refuse_past_end(ends_on: date | None, zone: ZoneInfo, *, at: datetime) -> None:
    if ends_on is not None and ends_on < at.astimezone(zone).date():
        raise Invalid(N_("This day is past, and what has run stays: choose today or later."), field="ends_on")


def _add(
    session: Session,
    practice_id: int,
    columns: dict[str, Any],
    members: Sequence[int],
    action: str,
    *,
    at: datetime,
    staff_id: int | None,
) -> OnCallRotation:
    row = OnCallRotation(practice_id=practice_id, **columns)
    session.add(row)
    session.flush()
    _set_members(session, row, members)
    _note(session, row, action, at=at, staff_id=staff_id)
    return row


def _set_members(session: Session, row: OnCallRotation, members: Sequence[int]) -> None:
    session.execute(
        delete(OnCallMember).where(OnCallMember.practice_id == row.practice_id, OnCallMember.rotation_id == row.id)
    )
    session.add_all(
        OnCallMember(practice_id=row.practice_id, rotation_id=row.id, position=position, practitioner_id=member)
        for position, member in enumerate(members)
    )
    session.flush()


def _note(session: Session, row: OnCallRotation, action: str, *, at: datetime, staff_id: int | None) -> None:
    note_change(session, row.practice_id, action, f"on_call_rotation {row.id}", at=at, staff_id=staff_id)

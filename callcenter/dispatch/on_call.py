"""Who is on call at a practice, from its rotations and from what was arranged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.on_call_models import OnCallMember, OnCallRotation, OnCallShift
from callcenter.dispatch.rules.roster import DAY, Gap, Rotation, Shift, ShiftSource, gaps, on_call_at, roster

LOOKS_AHEAD = 30 * DAY
LONGEST_ARRANGED = 92 * DAY  # an override; what is imported may be longer


@dataclass(frozen=True, slots=True)
class OnCallLine:
    """What "who is on call?" says in one line. Instants are UTC; ``zone`` is where the practice's clocks stand."""

    name: str  # empty: nobody
    practitioner_id: int | None
    until: datetime | None  # None: nothing changes within thirty days
    next_name: str  # empty: nobody after that, as far as the roster goes
    next_at: datetime | None  # when the next one begins, which may be after ``until``
    zone: str

    def local(self, instant: datetime) -> datetime:
        """An instant as the practice's clocks show it."""
        return instant.astimezone(ZoneInfo(self.zone))


def who_is_on_call(session: Session, practice_id: int, *, at: datetime) -> Shift | None:
    """The shift of whoever is on call at this instant; None: nobody is."""
    return on_call_at(read_rotations(session, practice_id), read_arranged(session, practice_id, at - DAY, at + DAY), at)


def on_call_line(session: Session, practice_id: int, *, at: datetime) -> OnCallLine | None:
    """Who is on call, until when, and who is next; None where the practice has no roster at all.

    Three queries; two where there is no roster.
    """
    until = at + LOOKS_AHEAD
    rotations = read_rotations(session, practice_id)
    arranged = read_arranged(session, practice_id, at, until)
    shifts = roster(rotations, arranged, starts_at=at, ends_at=until)
    if not _has_roster(rotations, shifts, at):
        return None
    names, zone = _names_and_zone(session, practice_id)
    now = next((one.practitioner_id for one in shifts if one.starts_at <= at), None)
    change = at
    for one in shifts:
        if one.starts_at > change or one.practitioner_id != now:
            break
        change = one.ends_at
    if now is None:  # up to the first who is somebody
        change = next((one.starts_at for one in shifts if one.practitioner_id is not None), until)
    following = next((one for one in shifts if one.starts_at >= change and one.practitioner_id is not None), None)
    return OnCallLine(
        name="" if now is None else names.get(now, ""),
        practitioner_id=now,
        until=change if change < until else None,
        next_name="" if following is None else names.get(following.practitioner_id or 0, ""),
        next_at=None if following is None else following.starts_at,
        zone=zone,
    )


def read_roster(session: Session, practice_id: int, *, starts_at: datetime, ends_at: datetime) -> Sequence[Shift]:
    """Who is on call between two instants, stretch by stretch; the first and the last are cut at these instants."""
    arranged = read_arranged(session, practice_id, starts_at, ends_at)
    return roster(read_rotations(session, practice_id), arranged, starts_at=starts_at, ends_at=ends_at)


def read_whole_stretches(
    session: Session, practice_id: int, *, starts_at: datetime, ends_at: datetime
) -> Sequence[Shift]:
    """The stretches of the roster that reach into this time, from where they really begin to where they really end.

    One that was imported and lasts longer than a season may still be cut.
    """
    rotations = read_rotations(session, practice_id)
    margin = max([LONGEST_ARRANGED, *((one.turn_days + 1) * DAY for one in rotations)])
    arranged = read_arranged(session, practice_id, starts_at - margin, ends_at + margin)
    shifts = roster(rotations, arranged, starts_at=starts_at - margin, ends_at=ends_at + margin)
    return tuple(one for one in shifts if one.ends_at > starts_at and one.starts_at < ends_at)


def find_gaps(session: Session, practice_id: int, *, at: datetime) -> Sequence[Gap]:
    """The times of the next thirty days for which nobody is on call; none where the practice has no roster.

    A roster that has run out is one gap for another thirty days; then its practice has none.
    """
    until = at + LOOKS_AHEAD
    rotations = read_rotations(session, practice_id)
    shifts = roster(rotations, read_arranged(session, practice_id, at, until), starts_at=at, ends_at=until)
    return gaps(shifts, starts_at=at, ends_at=until) if _has_roster(rotations, shifts, at) else ()


def names_of(session: Session, practice_id: int) -> dict[int, str]:
    """The practice's practitioners as they are said on the telephone, by id, in the order of their tabs."""
    return _names_and_zone(session, practice_id)[0]


def zone_of(session: Session, practice_id: int) -> ZoneInfo:
    """Where the practice's clocks stand."""
    return ZoneInfo(session.scalars(select(Practice.zone).where(Practice.id == practice_id)).one())


def change_hour(session: Session, practice_id: int, *, at: datetime) -> time:
    """When whole days of being on call begin: at the hour of the first rotation that is not over, else at midnight."""
    running = [one for one in read_rotations(session, practice_id) if one.may_still_run(at)]
    return running[0].changes_at if running else time(0)


def read_rotations(session: Session, practice_id: int) -> list[Rotation]:
    """The practice's rotations with their members, the first that counts first."""
    found: dict[int, Rotation] = {}
    members: dict[int, list[int]] = {}
    for row, zone, practitioner_id in session.execute(
        select(OnCallRotation, Practice.zone, OnCallMember.practitioner_id)
        .join(Practice, Practice.id == OnCallRotation.practice_id)
        .outerjoin(OnCallMember, OnCallMember.rotation_id == OnCallRotation.id)
        .where(OnCallRotation.practice_id == practice_id)
        .order_by(OnCallRotation.id, OnCallMember.position)
    ):
        own = members.setdefault(row.id, [])
        if practitioner_id is not None:
            own.append(practitioner_id)
        if row.id not in found:
            found[row.id] = Rotation(own, row.starts_on, row.turn_days, row.changes_at, zone, row.ends_on)
    return list(found.values())


def read_arranged(session: Session, practice_id: int, starts_at: datetime, ends_at: datetime) -> list[Shift]:
    """What was arranged above the rotations for this time, the later above the earlier.

    An imported calendar is read again and again, and may not bury what people here have arranged since: it lies lowest.
    """
    rows = session.scalars(
        select(OnCallShift)
        .where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.ends_at > starts_at,
            OnCallShift.starts_at < ends_at,
            OnCallShift.withdrawn_at.is_(None),
        )
        .order_by(case((OnCallShift.source == ShiftSource.IMPORTED, 0), else_=1), OnCallShift.id)
    )
    return [Shift(one.starts_at, one.ends_at, one.practitioner_id, ShiftSource(one.source)) for one in rows]


def _has_roster(rotations: Sequence[Rotation], shifts: Sequence[Shift], at: datetime) -> bool:
    return bool(shifts) or any(one.may_still_run(at - LOOKS_AHEAD) for one in rotations)


def _names_and_zone(session: Session, practice_id: int) -> tuple[dict[int, str], str]:
    rows = session.execute(
        select(Practitioner.id, Practitioner.name, Practice.zone)
        .join(Practice, Practice.id == Practitioner.practice_id)
        .where(Practitioner.practice_id == practice_id)
        .order_by(Practitioner.position, Practitioner.id)
    ).all()
    return {one.id: one.name for one in rows}, rows[0].zone if rows else "UTC"

"""A roster that is kept in another calendar: what taking it over would change, and taking it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.directory.models import Practitioner
from callcenter.dispatch.calendar_in import IMPORTED_AHEAD, MOST_SHIFTS
from callcenter.dispatch.on_call import read_arranged, read_rotations
from callcenter.dispatch.on_call_changes import lock_roster, note_change
from callcenter.dispatch.on_call_models import OnCallShift
from callcenter.dispatch.rules.roster import DAY, Difference, Shift, ShiftSource, differences, roster
from callcenter.dispatch.shifts import withdraw

COMPARED = 60 * DAY


def names_to_recognise(session: Session, practice_id: int) -> dict[int, tuple[str, str]]:
    """By which names a calendar may mean each practitioner: as said on the telephone, and the family's."""
    rows = session.execute(
        select(Practitioner.id, Practitioner.name, Practitioner.family_name).where(
            Practitioner.practice_id == practice_id
        )
    )
    return {practitioner_id: (name, family_name) for practitioner_id, name, family_name in rows}


@dataclass(frozen=True, slots=True)
class ImportEffect:
    """What taking a calendar over would do: how many imported shifts leave, and who would be on call instead."""

    withdrawn: int
    changes: Sequence[Difference]


def preview_import(session: Session, practice_id: int, shifts: Sequence[Shift], *, at: datetime) -> ImportEffect:
    """What these shifts would change within sixty days, what was imported before being withdrawn. Writes nothing."""
    until = at + COMPARED
    rotations = read_rotations(session, practice_id)
    arranged = read_arranged(session, practice_id, at, until)
    others = [one for one in arranged if one.source is not ShiftSource.IMPORTED]
    before = roster(rotations, arranged, starts_at=at, ends_at=until)
    after = roster(rotations, [*shifts, *others], starts_at=at, ends_at=until)
    return ImportEffect(
        withdrawn=len(_former(session, practice_id, at=at)),
        changes=differences(before, after, starts_at=at, ends_at=until),
    )


def import_shifts(session: Session, practice_id: int, shifts: Sequence[Shift], *, at: datetime, staff_id: int) -> bool:
    """Take these shifts over and withdraw those imported before that are not over; whether that was a change.

    Sent twice it is once. Raises ``Invalid`` for shifts of nobody here, or beyond the next year.
    """
    lock_roster(session, practice_id)
    own = set(session.scalars(select(Practitioner.id).where(Practitioner.practice_id == practice_id)))
    wanted = [Shift(max(one.starts_at, at), one.ends_at, one.practitioner_id, one.source) for one in shifts]
    wanted = [one for one in wanted if one.ends_at > one.starts_at]
    if (
        len(wanted) > MOST_SHIFTS
        or any(one.practitioner_id not in own for one in wanted)
        or any(one.ends_at > at + IMPORTED_AHEAD + DAY for one in wanted)
    ):
        raise Invalid(N_("This is not what the preview showed: choose the file again."), field="file")
    former = _former(session, practice_id, at=at)
    kept = sorted((max(one.starts_at, at), one.ends_at, one.practitioner_id or 0) for one in former)
    if kept == sorted((one.starts_at, one.ends_at, one.practitioner_id or 0) for one in wanted):
        return False
    for one in former:
        withdraw(session, one, at=at)
    for shift in wanted:
        session.add(
            OnCallShift(
                practice_id=practice_id,
                practitioner_id=shift.practitioner_id,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                source=ShiftSource.IMPORTED,
                arranged_by=staff_id,
                arranged_at=at,
            )
        )
    note_change(session, practice_id, "on_call_imported", f"practice {practice_id}", at=at, staff_id=staff_id)
    return True


def written_down(shifts: Sequence[Shift]) -> str:
    """Shifts as a form carries them from the preview to the act: practitioner, begin and end in seconds."""
    return " ".join(
        f"{one.practitioner_id}:{int(one.starts_at.timestamp())}:{int(one.ends_at.timestamp())}" for one in shifts
    )


def read_back(text: str) -> list[Shift]:
    """The shifts that a form carried. Raises ``Invalid``."""
    found: list[Shift] = []
    try:
        for part in text.split():
            practitioner_id, starts, ends = (int(one) for one in part.split(":"))
            begin, end = datetime.fromtimestamp(starts, UTC), datetime.fromtimestamp(ends, UTC)
            found.append(Shift(begin, end, practitioner_id, ShiftSource.IMPORTED))
    except (ValueError, OverflowError, OSError):
        raise Invalid(N_("This is not what the preview showed: choose the file again."), field="file") from None
    return found


def _former(session: Session, practice_id: int, *, at: datetime) -> Sequence[OnCallShift]:
    return session.scalars(
        select(OnCallShift).where(
            OnCallShift.practice_id == practice_id,
            OnCallShift.source == ShiftSource.IMPORTED,
            OnCallShift.ends_at > at,
            OnCallShift.withdrawn_at.is_(None),
        )
    ).all()

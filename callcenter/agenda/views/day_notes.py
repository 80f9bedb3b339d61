"""What is special about a day, said at its head: public holidays, closings with their reason, added hours."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import DayException, Schedule
from callcenter.agenda.rules.opening_rules import ExceptionKind
from callcenter.agenda.rules.public_holidays import public_holidays
from callcenter.directory.models import Practice, Site


@dataclass(frozen=True, slots=True)
class DayNote:
    """One thing to know of a day; ``kind`` is None for a public holiday, ``text`` may be empty for an exception."""

    kind: ExceptionKind | None
    text: str
    starts: time | None = None
    ends: time | None = None

    @property
    def closes_all_day(self) -> bool:
        """Whether it says why the whole day is closed."""
        return self.starts is None and self.kind is not ExceptionKind.OPEN


@dataclass(frozen=True, slots=True)
class DayNotes:
    """The notes of some days: of the whole practice by day, of one practitioner by practitioner and day."""

    of_practice: dict[date, list[DayNote]]
    of_practitioner: dict[tuple[int, date], list[DayNote]]

    def why_closed(self, practitioner_id: int, day: date) -> str:
        """The reason why this practitioner's whole day is closed, as far as somebody has written one."""
        notes = (*self.of_practitioner.get((practitioner_id, day), ()), *self.of_practice.get(day, ()))
        return next((one.text for one in notes if one.closes_all_day and one.text), "")


def read_day_notes(
    session: Session, practice_id: int, practitioner_ids: Sequence[int], *, first_day: date, last_day: date
) -> DayNotes:
    """What is written of these days, both included, and the public holidays that somebody keeps; two queries."""
    places = session.execute(
        select(Schedule.id, Schedule.practitioner_id, Schedule.keeps_holidays, Site.postal_code, Practice.country)
        .join(Site, Site.id == Schedule.site_id)
        .join(Practice, Practice.id == Schedule.practice_id)
        .where(Schedule.practice_id == practice_id, Schedule.practitioner_id.in_(practitioner_ids))
        .order_by(Schedule.id)
    ).all()
    whose = {place.id: place.practitioner_id for place in places}
    notes = DayNotes(defaultdict(list), defaultdict(list))
    days = [first_day + timedelta(days=offset) for offset in range((last_day - first_day).days + 1)]
    for place in places:
        for day in days:
            name = (
                public_holidays(place.country, place.postal_code, day.year).get(day) if place.keeps_holidays else None
            )
            if name and all(one.kind is not None for one in notes.of_practice[day]):
                notes.of_practice[day].append(DayNote(None, name))
    for row in session.scalars(
        select(DayException)
        .where(
            DayException.practice_id == practice_id,
            or_(DayException.schedule_id.is_(None), DayException.schedule_id.in_(whose)),
            DayException.first_on <= last_day,
            DayException.last_on >= first_day,
        )
        .order_by(DayException.id)
    ):
        note = DayNote(ExceptionKind(row.kind), row.reason, row.starts, row.ends)
        for day in days:
            if not row.first_on <= day <= row.last_on:
                continue
            if row.schedule_id is None:
                notes.of_practice[day].append(note)
            else:
                notes.of_practitioner[whose[row.schedule_id], day].append(note)
    return notes

"""An operator who is never at a loss for something to do: each way in which an agenda is written, once."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free, first_free_times
from callcenter.agenda.finding.visits import visitor_for
from callcenter.agenda.models import Appointment, ServiceType
from callcenter.agenda.occupation_models import Hold
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.agenda.writing.attendance import mark_arrived
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.holding import HOLD_FOR, hold_time, prolong_hold, release_hold
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.series import book_series
from callcenter.agenda.writing.swapping import swap_appointments
from callcenter.agenda.writing.undoing import last_undoable, undo
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.core.scope import Practices
from callcenter.drills.agenda_cast import MONDAY, SEVEN, Fought

_CHOICES = 3
_QUARTERS = (*range(8 * 4, 12 * 4), *range(14 * 4, 17 * 4), 13 * 4)
Seen = TypeVar("Seen")


class NothingToDo(Exception):
    """Nobody is booked, or nothing held, just then."""


class Operator:
    """One operator who is never at a loss for something to do."""

    def __init__(self, database: Database, cast: Fought, number: int, seed: int) -> None:
        self.database, self.cast, self.number = database, cast, number
        self.dice = random.Random(f"{seed}-{number}")
        self.staff_id = cast.staff[number % len(cast.staff)]
        self.scope = Practices.of(cast.practice_id)
        self.began = time.monotonic()
        self.count = 0
        self.unhelped: list[str] = []  # losers who were told fewer times than there are
        self.helped = 0
        self.ways: list[tuple[Callable[[Session], object], int]] = [
            (self.book, 22),
            (self.overbook, 6),
            (self.group, 10),
            (self.joint, 10),
            (self.device, 6),
            (self.hold, 10),
            (self.confirm, 8),
            (self.confirm_lapsed, 5),
            (self.prolong, 2),
            (self.release, 3),
            (self.move, 12),
            (self.swap, 8),
            (self.series, 6),
            (self.cancel, 14),
            (self.undo, 8),
            (self.arrive, 1),
        ]

    @property
    def at(self) -> datetime:
        """Now: the race begins on Monday at seven."""
        return SEVEN + timedelta(seconds=time.monotonic() - self.began)

    def look_around(self) -> None:
        """Open a connection and read the calendars, which takes a second once in a process."""
        for doctor in self.cast.practitioners:
            self._free(doctor, self.cast.plain)

    # -- Ways to write -------------------------------------------------------------------------------------------------

    def book(self, session: Session) -> object:
        return self._book(session, self.dice.choice([self.cast.plain, self.cast.plain, self.cast.buffered]))

    def overbook(self, session: Session) -> object:
        which = self.dice.randrange(len(self.cast.practitioners))
        doctor = self.cast.practitioners[which]
        start = self._any_start()
        rule = self.cast.overbooking[which]
        return self._book(session, self.cast.plain, doctor=doctor, start=start, overbooking_rule_id=rule)

    def group(self, session: Session) -> object:
        return self._book(session, self.cast.group)

    def joint(self, session: Session) -> object:
        return self._book(session, self.cast.joint)

    def device(self, session: Session) -> object:
        return self._book(session, self.cast.device)

    def hold(self, session: Session) -> object:
        return self._hold(session, at=self.at)

    def confirm(self, session: Session) -> object:
        # Held in a transaction of its own, as a page does it.
        with self.database.unit_of_work(self.scope) as earlier:
            held = self._hold(earlier, at=self.at)
        return self._confirm(session, held, at=self.at)

    def confirm_lapsed(self, session: Session) -> object:
        # Held three minutes ago and forgotten: in a transaction of its own, so that others may be first.
        with self.database.unit_of_work(self.scope) as earlier:
            held = self._hold(earlier, at=self.at - HOLD_FOR - timedelta(minutes=1))
        return self._confirm(session, held, at=self.at)

    def prolong(self, session: Session) -> object:
        return prolong_hold(session, self._held().id, staff_id=self.staff_id, at=self.at)

    def release(self, session: Session) -> None:
        release_hold(session, self._held().id, staff_id=self.staff_id, at=self.at)

    def move(self, session: Session) -> object:
        moved = self._somebodys()
        doctor = self.dice.choice(self.cast.practitioners)
        at = self.at
        with self._told(session, doctor, moved.service_type_id, moved.patient_id, at):
            return move_appointment(
                session,
                moved.id,
                practitioner_id=doctor,
                start=self._start(doctor, moved.service_type_id),
                staff_id=self.staff_id,
                request_key=self._key(),
                at=at,
                seen_start=moved.start,
            )

    def swap(self, session: Session) -> object:
        one = self._somebodys()
        others = select(Appointment).where(
            Appointment.status == "booked",
            Appointment.id != one.id,
            Appointment.service_type_id == one.service_type_id,
        )
        other = self._seen(others)
        return swap_appointments(session, one.id, other.id, staff_id=self.staff_id, request_key=self._key(), at=self.at)

    def series(self, session: Session) -> object:
        doctor = self.dice.choice(self.cast.practitioners)
        free = self._free(doctor, self.cast.plain)
        count = self.dice.randint(2, 4)
        if len(free) < count:
            raise NothingToDo
        return book_series(
            session,
            practice_id=self.cast.practice_id,
            practitioner_id=doctor,
            patient_id=self.dice.choice(self.cast.patients),
            service_type_id=self.cast.plain,
            starts=self.dice.sample(free, count),
            call_id=None,
            staff_id=self.staff_id,
            request_key=self._key(),
            at=self.at,
        )

    def cancel(self, session: Session) -> object:
        return cancel_appointment(session, self._somebodys().id, staff_id=self.staff_id, at=self.at)

    def undo(self, session: Session) -> object:
        last = last_undoable(session, self.staff_id, at=self.at)
        if last is None:
            raise NothingToDo
        return undo(session, last.event_id, staff_id=self.staff_id, at=self.at)

    def arrive(self, session: Session) -> object:
        return mark_arrived(session, self._somebodys().id, staff_id=self.staff_id, at=self.at)

    # -- What they share -----------------------------------------------------------------------------------------------

    def _book(
        self, session: Session, type_id: int, *, doctor: int | None = None, start: int | None = None, **more: Any
    ) -> object:
        doctor = doctor or self.dice.choice(self.cast.practitioners)
        patient = self.dice.choice(self.cast.patients)
        start = self._start(doctor, type_id) if start is None else start
        at = self.at
        with self._told(session, doctor, type_id, patient, at):
            return book_appointment(
                session,
                practice_id=self.cast.practice_id,
                practitioner_id=doctor,
                patient_id=patient,
                service_type_id=type_id,
                start=start,
                call_id=None,
                staff_id=self.staff_id,
                request_key=self._key(),
                at=at,
                channel=self.dice.choice([Channel.PHONE, Channel.PHONE, Channel.INTERNAL]),
                **more,
            )

    @contextmanager
    def _told(self, session: Session, doctor: int, type_id: int, patient: int | None, at: datetime) -> Iterator[None]:
        """Whoever comes second is told three times, or all there are within sixty days."""
        try:
            yield
        except TimeTaken as taken:
            self._note_choices(session, taken, doctor, type_id, patient, at)
            raise

    def _note_choices(
        self, session: Session, taken: TimeTaken, doctor: int, type_id: int, patient: int | None, at: datetime
    ) -> None:
        if len(taken.next_choices) < _CHOICES:
            service_type = session.get_one(ServiceType, type_id)
            visitor = None if patient is None else visitor_for(session, doctor, patient)
            there = first_free_times(
                session, doctor, service_type, at=at, count=_CHOICES, visitor=visitor, staff_id=self.staff_id
            )
            if len(taken.next_choices) < len(there):
                self.unhelped.append(f"{len(taken.next_choices)} of {len(there)}")
                return
        self.helped += 1

    def _hold(self, session: Session, *, at: datetime) -> Hold:
        doctor = self.dice.choice(self.cast.practitioners)
        type_id = self.dice.choice([self.cast.plain, self.cast.joint, self.cast.group, self.cast.device])
        with self._told(session, doctor, type_id, None, at):
            return hold_time(
                session,
                practice_id=self.cast.practice_id,
                practitioner_id=doctor,
                service_type_id=type_id,
                start=self._start(doctor, type_id),
                staff_id=self.staff_id,
                request_key=self._key(),
                at=at,
            )

    def _confirm(self, session: Session, held: Hold, *, at: datetime) -> object:
        patient = self.dice.choice(self.cast.patients)
        with self._told(session, held.practitioner_id, held.service_type_id, patient, at):
            return book_appointment(
                session,
                practice_id=self.cast.practice_id,
                practitioner_id=held.practitioner_id,
                patient_id=patient,
                service_type_id=held.service_type_id,
                start=held.start,
                call_id=None,
                staff_id=self.staff_id,
                request_key=self._key(),
                at=at,
            )

    def _held(self) -> Hold:
        return self._seen(select(Hold).where(Hold.staff_id == self.staff_id, Hold.status == "active"))

    def _somebodys(self) -> Appointment:
        return self._seen(select(Appointment).where(Appointment.status == "booked"))

    def _seen(self, these: Select[Seen]) -> Seen:
        """One of what her screen shows: by the time she acts others may have changed it."""
        with self.database.reading(self.scope) as session:
            rows = session.scalars(these).all()
        if not rows:
            raise NothingToDo
        return self.dice.choice(rows)

    def _free(self, doctor: int, type_id: int) -> list[int]:
        with self.database.reading(self.scope) as session:
            service_type = session.get_one(ServiceType, type_id)
            day = MONDAY + timedelta(days=self.dice.randrange(2))
            free = find_free(session, doctor, service_type, first_day=day, last_day=day, at=self.at)
            return [one.start for one in free]

    def _start(self, doctor: int, type_id: int) -> int:
        """One of the next free times, where all the others look too; or any time at all."""
        free = self._free(doctor, type_id) if self.dice.random() < 0.7 else []
        return self.dice.choice(free[:4]) if free else self._any_start()

    def _any_start(self) -> int:
        midnight = int(SEVEN.timestamp()) - 7 * 3600
        quarter: int = self.dice.choice(_QUARTERS)
        return midnight + self.dice.randrange(2) * 86_400 + quarter * 900

    def _key(self) -> str:
        return f"r{self.number}-{self.count}-{self.dice.getrandbits(24)}"

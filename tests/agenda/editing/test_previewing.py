"""A change of the rules is looked at before it is saved, with the practice's own days and appointments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import update

from callcenter.agenda.editing.opening_changes import end_opening
from callcenter.agenda.editing.previewing import (
    holidays_kept,
    load_place,
    places_of,
    preview_change,
    rules_of,
    standing_outside,
)
from callcenter.agenda.editing.setup import WeeklyHours, set_openings
from callcenter.agenda.models import Schedule
from callcenter.agenda.rules.opening_rules import AgendaRules, DayException, ExceptionKind, SchoolDays
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.db import Database
from callcenter.core.errors import NotFound
from callcenter.directory.models import Practitioner, Site
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls

TUESDAY = date(2026, 11, 24)


def without_mornings(rules: AgendaRules) -> AgendaRules:
    return replace(rules, openings=[one for one in rules.openings if one.starts >= time(12)])


def orphans(database: Database, cast: Cast) -> list[str]:
    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)
        found = preview_change(session, place, without_mornings, at=NINE).orphans
        return [f"{one.patient} {one.starts_at:%d %H:%M} {one.service_short}" for one in found]


def test_those_who_would_be_left_outside_are_named_in_their_order(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10, day=24), patient_id=cast.landline_id)
        book(session, cast, paris(9, 30))
        book(session, cast, paris(15))
        gone = book(session, cast, paris(11))
        cancel_appointment(session, gone.id, staff_id=None, at=NINE)
    assert orphans(database, cast) == ["Vasseur H. 23 09:30 Cs", "Nguyen T.-L. 24 10:00 Cs"]
    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)
        preview = preview_change(session, place, lambda rules: rules, at=NINE)
        assert (list(preview.orphans), preview.weeks[0].number) == ([], 48)
        assert standing_outside(session, place, at=NINE) == []


def test_a_change_that_begins_later_is_shown_where_it_begins(database: Database) -> None:
    cast = tilleuls(database)
    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)

        def shown_from(last_day: date) -> date:
            def end(rules: AgendaRules) -> AgendaRules:
                return replace(rules, openings=[replace(one, valid_until=last_day) for one in rules.openings])

            return preview_change(session, place, end, at=NINE).weeks[0].days[0].day

        assert shown_from(date(2026, 12, 4)) == MONDAY
        assert shown_from(date(2027, 2, 5)) == date(2027, 2, 8)


def test_what_stands_outside_after_a_change_goes_on_being_told(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        past = book(session, cast, paris(9, 30))
        to_come = book(session, cast, paris(9, 30, day=30))
        schedule = session.get_one(Schedule, cast.schedule_id)
        assert past.opening_id is not None
        end_opening(session, schedule, past.opening_id, date(2026, 11, 22), at=NINE, staff_id=None)
    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)
        told = [one.appointment_id for one in standing_outside(session, place, at=NINE)]
        assert told == [past.id, to_come.id]
        later = NINE + timedelta(hours=1)  # the first has begun: nothing is to be done about it any more
        assert [one.appointment_id for one in standing_outside(session, place, at=later)] == [to_come.id]


def test_a_day_of_the_whole_practice_concerns_every_agenda(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        site_id = session.get_one(Schedule, cast.schedule_id).site_id
        own = {"practice_id": cast.practice_id, "site_id": site_id}
        arnaud = Practitioner(code="arnaud", name="Dr Arnaud", family_name="Arnaud", **own)
        session.add(arnaud)
        session.flush()
        schedule = Schedule(practitioner_id=arnaud.id, zone="Europe/Paris", **own)
        session.add(schedule)
        session.flush()
        set_openings(session, schedule, [WeeklyHours(1, time(8), time(12))], at=NINE, staff_id=None)
        session.flush()
        theirs = replace(cast, practitioner_id=arnaud.id, schedule_id=schedule.id)
        book(session, cast, paris(9, day=24))
        book(session, theirs, paris(9, day=24), key="arnaud", patient_id=cast.landline_id)
    closed = DayException(kind=ExceptionKind.CLOSED, first_day=TUESDAY, last_day=TUESDAY)

    def close(rules: AgendaRules) -> AgendaRules:
        return replace(rules, exceptions=(*rules.exceptions, closed))

    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)
        own_only = preview_change(session, place, close, at=NINE).orphans
        everybody = preview_change(session, place, close, at=NINE, whole_practice=True).orphans
        assert [one.practitioner for one in own_only] == ["Dr Lemoine"]
        assert [one.practitioner for one in everybody] == ["Dr Lemoine", "Dr Arnaud"]
        assert len(places_of(session, cast.practice_id)) == 2
        assert len(places_of(session, cast.practice_id, arnaud.id)) == 1


def test_holidays_and_the_school_s_year_are_those_of_the_place(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        session.execute(update(Site).values(postal_code="67000", city="Strasbourg"))
    with database.reading(cast.scope) as session:
        place = load_place(session, cast.practice_id, cast.schedule_id)
        names = place.holiday_names(MONDAY)
        assert [f"{day:%d %m}" for day in list(names)[:3]] == ["25 12", "26 12", "01 01"]
        assert place.school_zone == "B"
        rules = rules_of(session, [place], since=MONDAY)[cast.schedule_id]
        assert date(2026, 12, 28) in rules.school_holidays  # though no opening goes by it yet
        assert all(one.school_days is SchoolDays.ANY for one in rules.openings)
        assert holidays_kept(place, rules, False, since=MONDAY).holidays == frozenset()
        assert holidays_kept(place, rules, True, since=MONDAY).holidays == frozenset(names)


def test_another_practice_s_agenda_is_not_there(database: Database) -> None:
    cast = tilleuls(database)
    other = tilleuls(database, code="marronniers")
    with database.reading(cast.scope) as session, pytest.raises(NotFound):
        load_place(session, cast.practice_id, other.schedule_id)

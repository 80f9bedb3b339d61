"""What a practice has set is what its agenda offers and what the booker takes: rules as rows, on both databases."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from callcenter.agenda.editing.setup import WeeklyHours, set_openings
from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import (
    DayException,
    Opening,
    OpeningChannel,
    OpeningServiceType,
    OpeningUse,
    PractitionerService,
    Schedule,
    ServiceType,
)
from callcenter.agenda.rules.opening_rules import Channel, ExceptionKind, OpeningKind, SchoolDays
from callcenter.agenda.rules.public_holidays import public_holidays, school_holidays, school_zone
from callcenter.agenda.rules.visit_rules import NewPatients
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.directory.models import Patient, Site
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls


def wall(database: Database, cast: Cast, *, day: date = MONDAY, days: int = 1, at: datetime = NINE) -> list[str]:
    """The free times of a consultation, as said on the telephone."""
    with database.reading(cast.scope) as session:
        consultation = session.get_one(ServiceType, cast.consultation_id)
        last_day = day + timedelta(days=days - 1)
        found = find_free(session, cast.practitioner_id, consultation, first_day=day, last_day=last_day, at=at)
        return [f"{one.starts_at:%d %H:%M}" for one in found]


def change(database: Database, model: Any, **values: Any) -> None:
    with database.unit_of_work(SEED) as session:
        session.execute(update(model).values(**values))


def add(database: Database, cast: Cast, model: Any, **values: Any) -> None:
    with database.unit_of_work(SEED) as session:
        session.add(model(practice_id=cast.practice_id, **values))


def only_opening(database: Database, cast: Cast, **values: Any) -> int:
    """Monday from 10 to 11 and nothing else."""
    with database.unit_of_work(SEED) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        set_openings(session, schedule, [WeeklyHours(0, time(10), time(11))], at=NINE, staff_id=None)
        session.flush()
        (opening,) = session.scalars(select(Opening)).all()
        for name, value in values.items():
            setattr(opening, name, value)
        return opening.id


def refusal(database: Database, cast: Cast, start: int, **asked: Any) -> str:
    with pytest.raises(TimeTaken) as refused, database.unit_of_work(cast.scope) as session:
        book(session, cast, start, **asked)
    return str(refused.value)


def test_a_night_is_one_opening_and_belongs_to_its_evening(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast, starts=time(23, 30), ends=time(0, 30))
    assert wall(database, cast) == ["23 23:30", "23 23:45"]
    assert wall(database, cast, days=2) == ["23 23:30", "23 23:45", "24 00:00", "24 00:15"]
    assert wall(database, cast, day=MONDAY + timedelta(days=1)) == ["24 00:00", "24 00:15"]
    with database.unit_of_work(cast.scope) as session:
        assert book(session, cast, paris(0, 15, day=24)).opening_day == MONDAY


def test_alternate_weeks_open_in_theirs(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast, cycle_weeks=2, cycle_week=1, anchor_on=MONDAY)
    assert wall(database, cast) == []
    assert wall(database, cast, day=MONDAY + timedelta(days=7))[0] == "30 10:00"


def test_an_opening_of_the_school_year_is_closed_while_there_is_no_school(database: Database) -> None:
    cast = tilleuls(database)
    change(database, Site, postal_code="44400")
    only_opening(database, cast, school_days=SchoolDays.TERM)
    christmas = date(2026, 12, 28)
    assert (len(wall(database, cast)), wall(database, cast, day=christmas)) == (4, [])
    only_opening(database, cast, school_days=SchoolDays.HOLIDAYS)
    assert (wall(database, cast), len(wall(database, cast, day=christmas))) == ([], 4)


def test_a_public_holiday_is_closed_where_it_is_kept(database: Database) -> None:
    cast = tilleuls(database)
    st_stephen = date(2028, 12, 26)  # a Tuesday, kept in Strasbourg and not in Rezé
    assert wall(database, cast, day=st_stephen) != []
    change(database, Site, postal_code="67000")
    assert wall(database, cast, day=st_stephen) == []
    change(database, Schedule, keeps_holidays=False)
    assert wall(database, cast, day=st_stephen) != []


def test_an_absence_closes_and_says_nothing_of_other_days(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast)
    at_noon = {"starts": time(10, 30), "ends": time(12), "reason": "formation"}
    add(
        database,
        cast,
        DayException,
        schedule_id=cast.schedule_id,
        kind=ExceptionKind.CLOSED,
        first_on=MONDAY,
        last_on=MONDAY,
        noted_at=NINE,
        **at_noon,
    )
    assert wall(database, cast) == ["23 10:00", "23 10:15"]
    assert len(wall(database, cast, day=MONDAY + timedelta(days=7))) == 4
    # The whole practice closes: no schedule is named.
    closed = {"kind": ExceptionKind.CLOSED, "first_on": MONDAY, "last_on": MONDAY + timedelta(days=30)}
    add(database, cast, DayException, noted_at=NINE, **closed)
    assert wall(database, cast, days=14) == []
    assert refusal(database, cast, paris(10)) == "This time is not open for this type of visit."


def test_what_is_kept_for_emergencies_opens_on_the_day_itself(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast, kind=OpeningKind.EMERGENCY, release_days=0, release_at=time(8))
    yesterday = NINE - timedelta(days=1)
    assert wall(database, cast, at=yesterday) == []
    assert refusal(database, cast, paris(10), at=yesterday) == "This time is kept, and not given to others yet."
    assert len(wall(database, cast)) == 4


def test_an_opening_is_for_the_types_of_visit_that_it_names(database: Database) -> None:
    cast = tilleuls(database)
    opening_id = only_opening(database, cast)
    add(database, cast, OpeningServiceType, opening_id=opening_id, service_type_id=cast.first_visit_id)
    assert wall(database, cast) == []
    assert refusal(database, cast, paris(10)) == "This time is kept for other types of visit."
    with database.unit_of_work(cast.scope) as session:
        assert book(session, cast, paris(10), service_type_id=cast.first_visit_id).opening_id == opening_id


def test_a_channel_has_its_share_and_gets_it_back(database: Database) -> None:
    cast = tilleuls(database)
    opening_id = only_opening(database, cast)
    add(database, cast, OpeningChannel, opening_id=opening_id, channel=Channel.PHONE, quota=1)
    assert refusal_of_online(database, cast) == "This time is not given by telephone."
    with database.unit_of_work(cast.scope) as session:
        booked = book(session, cast, paris(10))
    full = "As many visits as are given by telephone in these hours have been booked."
    assert (wall(database, cast), refusal(database, cast, paris(10, 30))) == ([], full)
    for _twice in range(2):
        with database.unit_of_work(cast.scope) as session:
            cancel_appointment(session, booked.id, staff_id=None, at=NINE)
    with database.reading(cast.scope) as session:
        assert session.scalars(select(OpeningUse.taken)).all() == [0]
    assert len(wall(database, cast)) == 4


def refusal_of_online(database: Database, cast: Cast) -> str:
    with pytest.raises(TimeTaken) as refused, database.unit_of_work(cast.scope) as session:
        book_appointment(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            patient_id=cast.vasseur_id,
            service_type_id=cast.consultation_id,
            start=paris(10),
            call_id=None,
            staff_id=None,
            request_key="online",
            at=NINE,
            channel=Channel.ONLINE,
        )
    return str(refused.value)


def test_buffers_are_nobody_elses_and_are_checked_when_booking(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast)
    change(database, ServiceType, before_minutes=5, after_minutes=10)
    assert wall(database, cast) == ["23 10:00", "23 10:30"]
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10))
    assert wall(database, cast) == ["23 10:30"]
    assert refusal(database, cast, paris(10, 25), staff_id=cast.ines_id) == "Camille has just taken this time."


def test_new_patients_are_refused_or_given_longer(database: Database) -> None:
    cast = tilleuls(database)
    only_opening(database, cast)
    change(database, ServiceType, new_patients=NewPatients.LONGER, new_patient_minutes=40)
    with database.unit_of_work(cast.scope) as session:
        first = book(session, cast, paris(10))
        assert first.end - first.start == 40 * 60
    with database.unit_of_work(cast.scope) as session:
        again = book(session, cast, paris(10, 40))
        assert again.end - again.start == 15 * 60
    own = {"practitioner_id": cast.practitioner_id, "service_type_id": cast.consultation_id}
    add(database, cast, PractitionerService, new_patients=NewPatients.REFUSED, **own)
    asked = {"patient_id": cast.landline_id}
    sentence = "This practitioner takes no new patients for this type of visit."
    assert refusal(database, cast, paris(10, day=30), **asked) == sentence
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10, day=30))  # she is known
    change(database, PractitionerService, is_offered=False)
    assert refusal(database, cast, paris(10, 15, day=30)) == "This practitioner does not give this type of visit."


def test_age_is_that_of_the_day_of_the_visit(database: Database) -> None:
    cast = tilleuls(database)
    change(database, ServiceType, youngest=18, oldest=64)
    change(database, Patient, birth_on=date(2008, 11, 24))  # of age on Tuesday
    assert refusal(database, cast, paris(10)).startswith("The patient is too young")
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10, day=24))
    change(database, Patient, birth_on=date(1961, 11, 24))  # 65 on Tuesday
    assert refusal(database, cast, paris(11, day=24)).startswith("The patient is too old")
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11))


def test_notice_and_horizon(database: Database) -> None:
    cast = tilleuls(database)
    change(database, ServiceType, notice_minutes=120, horizon_days=7)
    assert wall(database, cast)[0] == "23 11:00"
    assert refusal(database, cast, paris(10)) == "This type of visit is booked longer in advance."
    assert refusal(database, cast, paris(10, day=30)) == "This type of visit is not booked so far in advance."


def test_hours_that_stay_keep_their_opening_and_what_is_set_on_it(database: Database) -> None:
    cast = tilleuls(database)
    opening_id = only_opening(database, cast)
    with database.unit_of_work(SEED) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        both = [WeeklyHours(0, time(10), time(11)), WeeklyHours(0, time(14), time(15))]
        assert set_openings(session, schedule, both, at=NINE, staff_id=None)
        assert opening_id in session.scalars(select(Opening.id)).all()


def test_holidays_are_those_of_the_place() -> None:
    def names(country: str, postal_code: str, year: int = 2026) -> int:
        return len(public_holidays(country, postal_code, year))

    assert (names("FR", "44400"), names("FR", "67000"), names("FR", "57000"), names("FR", "68100")) == (11, 13, 13, 13)
    assert (names("FR", "97400"), names("FR", "97200"), names("FR", "97133")) == (12, 13, 12)
    belgian = public_holidays("BE", "1000", 2026)
    assert (len(belgian), date(2026, 4, 5) in belgian, date(2026, 7, 21) in belgian) == (10, False, True)
    assert public_holidays("FR", "44400", 2026)[date(2026, 5, 1)] == "Fête du Travail"
    assert public_holidays("XX", "1", 2026) == {}


def test_school_holidays_are_those_of_the_zone() -> None:
    places = {"44400": "B", "33000": "A", "75011": "C", "20000": None, "97400": None, "": None}
    assert {code: school_zone("FR", code) for code in places} == places
    assert date(2026, 12, 28) in school_holidays("FR", "44400", 2026)
    assert date(2026, 11, 23) not in school_holidays("FR", "44400", 2026)
    assert school_holidays("BE", "1000", 2026) == frozenset()

"""Openings that are added, changed and ended one by one: what is booked stays, what is counted is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import select

from callcenter.agenda.editing.opening_changes import (
    end_opening,
    keep_holidays,
    list_openings,
    load_opening,
    save_opening,
)
from callcenter.agenda.editing.setup import WeeklyHours, open_schedule, open_schedule_at, plain_hours, set_openings
from callcenter.agenda.models import Appointment, AppointmentStatus, Opening, OpeningUse, Schedule
from callcenter.agenda.rules.opening_rules import Channel, ChannelRule, OpeningKind, OpeningRule, Release, SchoolDays
from callcenter.agenda.writing.holding import hold_time
from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.core.errors import Invalid, NotFound
from callcenter.directory.models import Site
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls

SATURDAY = OpeningRule(id=0, weekday=5, starts=time(9), ends=time(12))


def save(database: Database, cast: Cast, rule: OpeningRule) -> int:
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        return save_opening(session, schedule, rule, at=NINE, staff_id=cast.camille_id)


def end(database: Database, cast: Cast, opening_id: int, last_day: date) -> None:
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        end_opening(session, schedule, opening_id, last_day, at=NINE, staff_id=None)


def set_week(database: Database, cast: Cast, *hours: WeeklyHours) -> bool:
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        return set_openings(session, schedule, hours, at=NINE, staff_id=None)


def read(database: Database, cast: Cast, opening_id: int) -> OpeningRule:
    with database.reading(cast.scope) as session:
        return load_opening(session, session.get_one(Schedule, cast.schedule_id), opening_id)


def acts(database: Database) -> list[str]:
    with database.reading(SEED) as session:
        return [f"{one.action} {one.subject}" for one in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_every_rule_is_kept_as_it_was_set(database: Database) -> None:
    cast = tilleuls(database)
    rule = replace(
        SATURDAY,
        ends=time(2),
        valid_from=MONDAY,
        valid_until=date(2027, 6, 30),
        cycle_weeks=3,
        cycle_week=2,
        anchor=MONDAY,
        school_days=SchoolDays.TERM,
        service_type_ids=frozenset({cast.first_visit_id}),
        channels={Channel.ONLINE: ChannelRule(quota=4), Channel.PHONE: ChannelRule()},
        kind=OpeningKind.EMERGENCY,
        release=Release(1, time(18)),
    )
    opening_id = save(database, cast, rule)
    assert read(database, cast, opening_id) == replace(rule, id=opening_id)
    simple = replace(SATURDAY, id=opening_id)
    assert save(database, cast, simple) == opening_id
    assert read(database, cast, opening_id) == simple
    assert save(database, cast, simple) == opening_id
    assert acts(database) == [f"opening_added opening {opening_id}", f"opening_changed opening {opening_id}"]


def test_an_overlap_is_refused_and_says_with_what(database: Database) -> None:
    cast = tilleuls(database)
    with pytest.raises(Invalid) as refused:
        save(database, cast, replace(SATURDAY, weekday=2, starts=time(12), ends=time(14)))
    assert refused.value.field == "starts"
    assert str(refused.value).endswith("it would overlap the opening from 08:30 to 12:30.")
    assert "25" in str(refused.value)  # the Wednesday on which both would be open
    save(database, cast, replace(SATURDAY, weekday=2, starts=time(12, 30), ends=time(14)))
    assert len(acts(database)) == 1


def test_an_opening_that_ends_stays_and_so_does_what_is_booked(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        appointment = book(session, cast, paris(10, day=30))
        opening_id = appointment.opening_id
        assert opening_id is not None
    end(database, cast, opening_id, MONDAY)
    with database.reading(cast.scope) as session:
        assert session.get_one(Opening, opening_id).valid_until == MONDAY
        assert session.get_one(Appointment, appointment.id).status == AppointmentStatus.BOOKED
    with pytest.raises(Invalid) as refused:
        end(database, cast, opening_id, date(2026, 11, 21))
    assert refused.value.field == "last_day"
    assert acts(database)[-1] == f"opening_ended opening {opening_id}"


def test_another_agenda_s_opening_is_not_there(database: Database) -> None:
    cast = tilleuls(database)
    other = tilleuls(database, code="marronniers")
    with database.reading(other.scope) as session:
        theirs = list_openings(session, session.get_one(Schedule, other.schedule_id))[0]
    assert read(database, other, theirs.id) == theirs
    with pytest.raises(NotFound):
        read(database, cast, theirs.id)
    with pytest.raises(NotFound):
        save(database, cast, replace(theirs, ends=time(12)))


def test_a_quota_that_comes_later_counts_what_is_booked_and_held_already(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        for minute in (0, 15):
            opening_id = book(session, cast, paris(10, minute, day=30)).opening_id
        book(session, cast, paris(10, day=24))
        hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.consultation_id,
            start=paris(10, 30, day=30),
            staff_id=cast.camille_id,
            request_key="held",
            at=NINE,
        )
        assert session.scalars(select(OpeningUse)).all() == []
        assert opening_id is not None
        schedule = session.get_one(Schedule, cast.schedule_id)
        limited = replace(load_opening(session, schedule, opening_id), channels={Channel.PHONE: ChannelRule(quota=2)})
    save(database, cast, limited)
    with database.reading(cast.scope) as session:
        (use,) = session.scalars(select(OpeningUse)).all()
        assert (use.opening_id, use.day, use.channel, use.taken) == (opening_id, date(2026, 11, 30), "phone", 3)
    # A quota that only changes goes on counting where it was.
    save(database, cast, replace(limited, channels={Channel.PHONE: ChannelRule(quota=4)}))
    with database.reading(cast.scope) as session:
        assert [one.taken for one in session.scalars(select(OpeningUse))] == [3]


def test_the_whole_week_leaves_openings_with_rules_of_their_own(database: Database) -> None:
    cast = tilleuls(database)
    evening = replace(SATURDAY, weekday=0, starts=time(19), ends=time(21), cycle_weeks=2, anchor=MONDAY)
    evening_id = save(database, cast, evening)
    with database.unit_of_work(cast.scope) as session:
        assert len(plain_hours(session, session.get_one(Schedule, cast.schedule_id))) == 10
    morning = WeeklyHours(0, time(8), time(12))
    assert (set_week(database, cast, morning), set_week(database, cast, morning)) == (True, False)
    with database.reading(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        assert plain_hours(session, schedule) == [morning]
        assert [one.id for one in list_openings(session, schedule) if not one.is_plain] == [evening_id]
    with pytest.raises(Invalid) as refused:
        set_week(database, cast, WeeklyHours(0, time(18), time(20)))
    assert refused.value.field == "hours-0"
    assert "from 19:00 to 21:00" in str(refused.value)


def test_holidays_are_kept_or_not_and_it_is_noted_once(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        schedule = session.get_one(Schedule, cast.schedule_id)
        assert keep_holidays(session, schedule, False, at=NINE, staff_id=None)
        assert not keep_holidays(session, schedule, False, at=NINE, staff_id=None)
    assert acts(database) == [f"holidays_worked schedule {cast.schedule_id}"]


def test_a_second_site_has_an_agenda_of_its_own(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        site = Site(practice_id=cast.practice_id, code="nantes", name="Nantes")
        session.add(site)
        session.flush()
        who = {"practice_id": cast.practice_id, "practitioner_id": cast.practitioner_id, "zone": "Europe/Paris"}
        second = open_schedule_at(session, site_id=site.id, **who)
        assert second.id != cast.schedule_id
        assert open_schedule_at(session, site_id=site.id, **who).id == second.id
        # Her main site becomes the second one: the agenda there is hers already, the first stays where it is.
        assert open_schedule(session, site_id=site.id, **who).id == second.id
        assert session.get_one(Schedule, cast.schedule_id).site_id != site.id

"""The demonstration's agendas show what rules do: who looks at them meets each ability once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act, AppointmentEvent, GroupVisit
from callcenter.agenda.resource_models import OverbookingRule, OverbookingUse
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.demo.codes import Codes
from callcenter.demo.installation import open_installation
from callcenter.demo.seeding import fill_with_demo_data

NINE = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)  # in Paris, a Monday
MONDAY = date(2026, 12, 7)


@contextmanager
def seeded(folder: Path, machine_now: datetime) -> Iterator[Session]:
    installation = open_installation(folder, machine_now=machine_now)
    fill_with_demo_data(installation, machine_now=machine_now)
    database = Database(installation.database_url)
    try:
        with database.reading(Centre(CentreReason.SEED)) as session:
            yield session
    finally:
        database.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with seeded(tmp_path_factory.mktemp("demo"), NINE) as session:
        yield session


@pytest.fixture
def codes(demo: Session) -> Codes:
    return Codes(demo)


def free(session: Session, codes: Codes, practice: str, who: str, what: str, day: date) -> list[time]:
    """The hours on the wall that an operator could give at nine on Monday."""
    practitioner_id = codes.schedule(practice, who).practitioner_id
    found = find_free(
        session, practitioner_id, codes.service_type(practice, what), first_day=day, last_day=day, at=NINE
    )
    return [one.starts_at.time() for one in found]


def test_saturdays_are_one_doctors_in_one_week_and_the_others_in_the_next(demo: Session, codes: Codes) -> None:
    first, second = MONDAY + timedelta(days=5), MONDAY + timedelta(days=12)
    is_open = {
        who: [bool(free(demo, codes, "tilleuls", who, "cs", day)) for day in (first, second)]
        for who in ("lemoine", "arnaud")
    }
    assert is_open == {"lemoine": [True, False], "arnaud": [False, True]}


def test_what_is_kept_for_emergencies_is_everybodys_on_the_day_itself(demo: Session, codes: Codes) -> None:
    noon, half_past = time(11, 30), time(12, 30)

    def at_noon(what: str, day: date) -> list[time]:
        return [hour for hour in free(demo, codes, "tilleuls", "lemoine", what, day) if noon <= hour < half_past]

    assert at_noon("cs", MONDAY) == [time(11, 50), time(12, 5)]  # one has been given already
    assert at_noon("cs", MONDAY + timedelta(days=1)) == []
    assert at_noon("urg", MONDAY + timedelta(days=1)) != []


def test_the_vaccination_hour_is_for_vaccinations(demo: Session, codes: Codes) -> None:
    wednesday = MONDAY + timedelta(days=2)

    def afternoon(what: str) -> list[time]:
        return [hour for hour in free(demo, codes, "tilleuls", "infirmiere", what, wednesday) if hour >= time(14)]

    assert afternoon("sv") == []
    assert afternoon("vac")[0] == time(14, 45)


def test_absences_other_hours_and_holidays(demo: Session, codes: Codes) -> None:
    assert free(demo, codes, "tilleuls", "arnaud", "cs", MONDAY + timedelta(days=8)) == []
    assert free(demo, codes, "rosiers", "castaing", "cs", MONDAY + timedelta(days=9))[0] == time(10)
    christmas_eve = free(demo, codes, "tilleuls", "lemoine", "cs", date(2026, 12, 24))
    assert christmas_eve
    assert max(christmas_eve) < time(12, 30)
    assert free(demo, codes, "tilleuls", "lemoine", "cs", date(2026, 12, 25)) == []


def test_a_group_one_visit_beside_the_plan_and_what_became_of_the_morning(demo: Session) -> None:
    group = demo.scalars(select(GroupVisit)).one()
    assert (group.taken, group.capacity) == (4, 6)
    [(name, per_day, taken)] = demo.execute(
        select(OverbookingRule.name, OverbookingRule.per_day, OverbookingUse.taken).join(
            OverbookingUse, OverbookingUse.rule_id == OverbookingRule.id
        )
    ).all()
    assert (name, per_day, taken) == ("Entre deux rendez-vous", 2, 1)
    states = Counter(demo.scalars(select(Appointment.status)))
    del states[AppointmentStatus.BOOKED]
    assert states == {
        AppointmentStatus.FULFILLED: 3,
        AppointmentStatus.ARRIVED: 3,
        AppointmentStatus.NOSHOW: 1,
        AppointmentStatus.CANCELLED: 1,
    }
    assert Counter(demo.scalars(select(AppointmentEvent.act)))[Act.MOVED] == 1


def test_it_begins_on_a_public_holiday_too(tmp_path: Path) -> None:
    easter_monday = date(2027, 3, 29)
    with seeded(tmp_path, datetime(2027, 3, 29, 7, 0, tzinfo=UTC)) as session:
        days = {datetime.fromtimestamp(start, tz=UTC).date() for start in session.scalars(select(Appointment.start))}
    assert min(days) == easter_monday + timedelta(days=1)

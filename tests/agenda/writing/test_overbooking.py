"""More than there is room for: only by a rule that says so, counted, and in a lane of its own."""

from __future__ import annotations

from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment
from callcenter.agenda.occupation_models import Occupation
from callcenter.agenda.resource_models import OverbookingRule, OverbookingUse
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.overbooking import rules_on
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls


def rule(database: Database, cast: Cast, *, per_day: int = 2) -> int:
    """Two more a day, in the morning."""
    with database.unit_of_work(SEED) as session:
        made = OverbookingRule(
            practice_id=cast.practice_id,
            schedule_id=cast.schedule_id,
            name="Entre deux patients",
            starts=time(9),
            ends=time(12),
            per_day=per_day,
        )
        session.add(made)
        session.flush()
        return made.id


def overbook(session: Session, cast: Cast, rule_id: int, start: int, key: str) -> Appointment:
    return book_appointment(
        session,
        practice_id=cast.practice_id,
        practitioner_id=cast.practitioner_id,
        patient_id=cast.landline_id,
        service_type_id=cast.consultation_id,
        start=start,
        call_id=None,
        staff_id=cast.camille_id,
        request_key=key,
        at=NINE,
        overbooking_rule_id=rule_id,
    )


def test_a_rule_lets_so_many_in_beside_the_plan(database: Database) -> None:
    cast = tilleuls(database)
    rule_id = rule(database, cast)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11))
        rules = rules_on(session, cast.practitioner_id, cast.consultation_id, MONDAY)
        assert [(one.name, one.left) for one in rules] == [("Entre deux patients", 2)]
        lanes = [overbook(session, cast, rule_id, paris(11), f"over-{number}").lane for number in range(2)]
        assert lanes == [1, 2]
        assert [one.admits(paris(11), "Europe/Paris") for one in rules] == [True]
        assert [one.admits(paris(14), "Europe/Paris") for one in rules] == [False]
        assert rules_on(session, cast.practitioner_id, cast.consultation_id, MONDAY) == []
    with (
        pytest.raises(TimeTaken, match="As many visits as may be added"),
        database.unit_of_work(cast.scope) as session,
    ):
        overbook(session, cast, rule_id, paris(11), "third")
    with database.reading(SEED) as session:
        assert session.scalars(select(OverbookingUse.taken)).all() == [2]


def test_where_there_is_room_it_is_an_ordinary_booking(database: Database) -> None:
    cast = tilleuls(database)
    rule_id = rule(database, cast)
    with database.unit_of_work(cast.scope) as session:
        booked = overbook(session, cast, rule_id, paris(11), "free")
        assert (booked.lane, booked.overbooking_rule_id) == (0, None)
        assert session.scalars(select(OverbookingUse.taken)).all() == []


def test_no_rule_no_lane(database: Database) -> None:
    cast, other = tilleuls(database), tilleuls(database, code="port")
    rule(database, cast)
    foreign = rule(database, other)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(14))
        book(session, cast, paris(11))
    for rule_id, start in ((foreign, paris(11)), (foreign - 1, paris(14))):
        with pytest.raises(TimeTaken), database.unit_of_work(cast.scope) as session:
            overbook(session, cast, rule_id, start, f"no-{rule_id}-{start}")


def test_what_is_cancelled_gives_its_count_back_and_the_plan_stays_bookable(database: Database) -> None:
    cast = tilleuls(database)
    rule_id = rule(database, cast, per_day=1)
    with database.unit_of_work(cast.scope) as session:
        planned = book(session, cast, paris(11))
        added = overbook(session, cast, rule_id, paris(11), "over")
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, planned.id, staff_id=cast.camille_id, at=NINE)
        book(session, cast, paris(11), key="again")  # who was added is in nobody's way
        cancel_appointment(session, added.id, staff_id=cast.camille_id, at=NINE)
        assert overbook(session, cast, rule_id, paris(11), "once more").lane == 1
        assert sorted(session.scalars(select(Occupation.lane))) == [0, 1]

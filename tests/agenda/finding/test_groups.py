"""A visit that several patients share: one time, so many places."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, resource_actor
from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import ServiceType
from callcenter.agenda.occupation_models import AppointmentParticipant, GroupVisit, Hold, HoldStatus, Occupation
from callcenter.agenda.resource_models import NeedKind, Resource, ServiceNeed
from callcenter.agenda.writing.attendance import mark_arrived
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.holding import hold_time, release_hold
from callcenter.agenda.writing.undoing import last_undoable, undo
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.core.text import search_key
from callcenter.directory.models import Patient
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls


@pytest.fixture
def cast(database: Database) -> Cast:
    """First visits are given to three at a time."""
    made = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        session.get_one(ServiceType, made.first_visit_id).capacity = 3
    return made


def join(session: Session, cast: Cast, name: str, start: int = paris(11)) -> int:
    patient = Patient(
        practice_id=cast.practice_id,
        family_name=name,
        given_name="Anne",
        search_key=search_key(name, "Anne"),
        created_at=NINE,
    )
    session.add(patient)
    session.flush()
    return book(session, cast, start, key=name, patient_id=patient.id, service_type_id=cast.first_visit_id).id


def free(session: Session, cast: Cast, service_type_id: int) -> list[int]:
    visit = session.get_one(ServiceType, service_type_id)
    found = find_free(session, cast.practitioner_id, visit, first_day=MONDAY, last_day=MONDAY, at=NINE)
    return [one.start for one in found]


def test_three_share_it_and_the_fourth_is_told(database: Database, cast: Cast) -> None:
    for name in ("Adam", "Blin", "Caro"):
        with database.unit_of_work(cast.scope) as session:
            assert paris(11) in free(session, cast, cast.first_visit_id)
            join(session, cast, name)
            assert paris(11) not in free(session, cast, cast.consultation_id)
    with database.unit_of_work(cast.scope) as session:
        assert paris(11) not in free(session, cast, cast.first_visit_id)
        assert len(session.scalars(select(Occupation.id)).all()) == 1
    with pytest.raises(TimeTaken, match="no place left"), database.unit_of_work(cast.scope) as session:
        join(session, cast, "Dupe")


def test_the_last_who_leaves_frees_the_time_and_who_comes_back_has_it_again(database: Database, cast: Cast) -> None:
    with database.unit_of_work(cast.scope) as session:
        ids = [join(session, cast, name) for name in ("Adam", "Blin")]
    for left, one in zip((1, 0), ids, strict=True):
        with database.unit_of_work(cast.scope) as session:
            cancel_appointment(session, one, staff_id=cast.camille_id, at=NINE)
            assert session.scalars(select(GroupVisit.taken)).one() == left
            assert (paris(11) in free(session, cast, cast.consultation_id)) == (left == 0)
    with database.unit_of_work(cast.scope) as session:
        last = last_undoable(session, cast.camille_id, at=NINE)
        assert last is not None
        undo(session, last.event_id, staff_id=cast.camille_id, at=NINE)
        assert session.scalars(select(GroupVisit.taken)).one() == 1
        assert paris(11) not in free(session, cast, cast.consultation_id)
        join(session, cast, "Caro")
    with database.reading(SEED) as session:
        assert session.scalars(select(GroupVisit.taken)).all() == [2]


def test_a_place_of_a_group_can_be_held(database: Database, cast: Cast) -> None:
    with database.unit_of_work(cast.scope) as session:
        join(session, cast, "Adam")
        held = hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.first_visit_id,
            start=paris(11),
            staff_id=cast.ines_id,
            request_key="hold",
            at=NINE,
        )
        assert session.scalars(select(GroupVisit.taken)).one() == 2
        join(session, cast, "Blin")
    with pytest.raises(TimeTaken, match="no place left"), database.unit_of_work(cast.scope) as session:
        join(session, cast, "Caro")
    with database.unit_of_work(cast.scope) as session:
        release_hold(session, held.id, staff_id=cast.ines_id, at=NINE)
        join(session, cast, "Caro")


def test_the_last_place_is_hers_while_she_holds_it(database: Database, cast: Cast) -> None:
    with database.unit_of_work(SEED) as session:
        session.get_one(ServiceType, cast.first_visit_id).capacity = 2
    with database.unit_of_work(cast.scope) as session:
        join(session, cast, "Adam")
        held = hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.first_visit_id,
            start=paris(11),
            staff_id=cast.camille_id,
            request_key="hold",
            at=NINE,
        )
        visit = session.get_one(ServiceType, cast.first_visit_id)
        own, others = (
            find_free(
                session, cast.practitioner_id, visit, first_day=MONDAY, last_day=MONDAY, at=NINE, staff_id=staff_id
            )
            for staff_id in (cast.camille_id, cast.ines_id)
        )
        assert (paris(11) in [one.start for one in own], paris(11) in [one.start for one in others]) == (True, False)
    with database.unit_of_work(cast.scope) as session:
        join(session, cast, "Blin")
        assert session.get_one(Hold, held.id).status == HoldStatus.CONFIRMED
        assert session.scalars(select(GroupVisit.taken)).one() == 2


def test_a_group_that_comes_back_takes_its_room_and_what_surrounds_it_again(database: Database, cast: Cast) -> None:
    with database.unit_of_work(SEED) as session:
        session.get_one(ServiceType, cast.first_visit_id).after_minutes = 10
        session.add(Resource(kind=NeedKind.ROOM, name="Salle", practice_id=cast.practice_id))
        session.add(ServiceNeed(kind=NeedKind.ROOM, service_type_id=cast.first_visit_id, practice_id=cast.practice_id))
    occupied = select(Occupation.actor, Occupation.start, Occupation.end).order_by(Occupation.actor)
    with database.unit_of_work(cast.scope) as session:
        only = join(session, cast, "Adam")
        before = session.execute(occupied).all()
        cancel_appointment(session, only, staff_id=cast.camille_id, at=NINE)
        assert session.execute(occupied).all() == []
        last = last_undoable(session, cast.camille_id, at=NINE)
        assert last is not None
        undo(session, last.event_id, staff_id=cast.camille_id, at=NINE)
        assert session.execute(occupied).all() == before
        assert len(before) == 2


def test_the_room_of_a_group_takes_part_in_the_visit_of_each_of_its_patients(database: Database, cast: Cast) -> None:
    with database.unit_of_work(SEED) as session:
        session.add(room := Resource(kind=NeedKind.ROOM, name="Salle", practice_id=cast.practice_id))
        session.add(ServiceNeed(kind=NeedKind.ROOM, service_type_id=cast.first_visit_id, practice_id=cast.practice_id))
        session.flush()
        both = {practitioner_actor(cast.practitioner_id), resource_actor(room.id)}
    with database.unit_of_work(cast.scope) as session:
        first, second = join(session, cast, "Adam"), join(session, cast, "Blin")
        assert [taking_part(session, one) for one in (first, second)] == [both, both]
        mark_arrived(session, second, staff_id=cast.camille_id, at=NINE)
        cancel_appointment(session, first, staff_id=cast.camille_id, at=NINE)
        assert [taking_part(session, one) for one in (first, second)] == [both, both]
        last = last_undoable(session, cast.camille_id, at=NINE)
        assert last is not None
        undo(session, last.event_id, staff_id=cast.camille_id, at=NINE)
        assert taking_part(session, first) == both


def taking_part(session: Session, appointment_id: int) -> set[int]:
    there = select(AppointmentParticipant.actor).where(AppointmentParticipant.appointment_id == appointment_id)
    return set(session.scalars(there))

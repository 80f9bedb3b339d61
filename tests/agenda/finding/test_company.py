"""Rooms, devices and second practitioners: a visit that needs them has them, and nobody else has them then."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor, resource_actor
from callcenter.agenda.finding.company import Need, accompany
from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import Appointment, Opening, Schedule, ServiceType
from callcenter.agenda.occupation_models import AppointmentParticipant, Occupation
from callcenter.agenda.resource_models import NeedKind, Resource, ServiceNeed
from callcenter.agenda.writing.booking import book_appointment
from callcenter.agenda.writing.moving import move_appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.db import Database
from callcenter.directory.models import Practitioner, Site
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls


def add_ines(session: Session, cast: Cast) -> int:
    """Dr Caron joins the practice: mornings only."""
    site = session.scalars(select(Site.id).where(Site.practice_id == cast.practice_id)).one()
    own = {"practice_id": cast.practice_id}
    caron = Practitioner(code="caron", site_id=site, name="Dr Caron", family_name="Caron", **own)
    session.add(caron)
    session.flush()
    schedule = Schedule(practitioner_id=caron.id, site_id=site, zone="Europe/Paris", **own)
    session.add(schedule)
    session.flush()
    for weekday in range(5):
        session.add(Opening(schedule_id=schedule.id, weekday=weekday, starts=time(8, 30), ends=time(12, 30), **own))
    return caron.id


def add(session: Session, cast: Cast, name: str, category: str, kind: NeedKind = NeedKind.DEVICE) -> int:
    resource = Resource(practice_id=cast.practice_id, kind=kind, name=name, category=category)
    session.add(resource)
    session.flush()
    return resource.id


def need(session: Session, cast: Cast, kind: NeedKind, category: str = "", practitioner_id: int | None = None) -> None:
    session.add(
        ServiceNeed(
            practice_id=cast.practice_id,
            service_type_id=cast.consultation_id,
            kind=kind,
            category=category,
            practitioner_id=practitioner_id,
        )
    )
    session.flush()


def with_caron(session: Session, cast: Cast, caron_id: int, start: int) -> Appointment:
    """Dr Caron's patient."""
    return book_appointment(
        session,
        practice_id=cast.practice_id,
        practitioner_id=caron_id,
        patient_id=cast.landline_id,
        service_type_id=cast.consultation_id,
        start=start,
        call_id=None,
        staff_id=cast.ines_id,
        request_key=f"caron-{start}",
        at=NINE,
    )


def test_two_doctors_share_one_scanner(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        caron_id, scanner = add_ines(session, cast), add(session, cast, "Échographe", "echo")
        need(session, cast, NeedKind.DEVICE, "echo")
    with database.unit_of_work(cast.scope) as session:
        first = book(session, cast, paris(11))
        rows = session.scalars(select(Occupation.actor).order_by(Occupation.actor))
        assert rows.all() == sorted([practitioner_actor(cast.practitioner_id), resource_actor(scanner)])
        there = select(AppointmentParticipant.actor).where(AppointmentParticipant.appointment_id == first.id)
        assert set(session.scalars(there)) == {practitioner_actor(cast.practitioner_id), resource_actor(scanner)}
    with (
        pytest.raises(TimeTaken, match="No device for this type of visit is free") as lost,
        database.unit_of_work(cast.scope) as session,
    ):
        with_caron(session, cast, caron_id, paris(11))
    assert lost.value.next_choices[0].start == paris(11, 15)
    with database.unit_of_work(cast.scope) as session:
        visit = session.get_one(ServiceType, cast.consultation_id)
        free = find_free(session, caron_id, visit, first_day=MONDAY, last_day=MONDAY, at=NINE)
        assert paris(11) not in [one.start for one in free]
        add(session, cast, "Second échographe", "echo")
        with_caron(session, cast, caron_id, paris(11))
        # A move takes the scanner along.
        moved = move_appointment(
            session,
            first.id,
            practitioner_id=cast.practitioner_id,
            start=paris(14),
            staff_id=cast.camille_id,
            request_key="move",
            at=NINE,
        )
        taken = select(Occupation.start).where(Occupation.appointment_id == moved.id)
        assert session.scalars(taken).all() == [paris(14), paris(14)]


def test_a_joint_visit_needs_both_doctors_open_and_free(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        caron_id = add_ines(session, cast)
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=caron_id)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11))
    for start in (paris(14), paris(17)):  # Dr Caron has gone home
        with (
            pytest.raises(TimeTaken, match="second practitioner"),
            database.unit_of_work(cast.scope) as session,
        ):
            book(session, cast, start)
    with database.unit_of_work(SEED) as session:
        session.delete(session.scalars(select(ServiceNeed)).one())
    with pytest.raises(TimeTaken, match="just taken"), database.unit_of_work(cast.scope) as session:
        with_caron(session, cast, caron_id, paris(11))  # she is with the two of them
    with database.unit_of_work(cast.scope) as session:
        with_caron(session, cast, caron_id, paris(10))


def test_nothing_of_another_site_or_put_out_of_use_is_taken(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        elsewhere = Site(code="nantes", name="Nantes", practice_id=cast.practice_id)
        session.add(elsewhere)
        session.flush()
        far = session.get_one(Resource, add(session, cast, "Salle de Nantes", "soins", NeedKind.ROOM))
        far.site_id = elsewhere.id
        session.get_one(Resource, add(session, cast, "Salle en travaux", "soins", NeedKind.ROOM)).is_active = False
        need(session, cast, NeedKind.ROOM, "soins")
    with pytest.raises(TimeTaken, match="No room") as refused, database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11))
    assert refused.value.next_choices == ()


@given(
    st.lists(st.lists(st.integers(0, 5), unique=True, max_size=4), max_size=4),
    st.sets(st.integers(0, 5)),
)
def test_company_is_found_whenever_any_choice_of_it_exists(candidates: list[list[int]], busy: set[int]) -> None:
    needs = [Need(NeedKind.ROOM, tuple(each)) for each in candidates]
    found = accompany(needs, lambda actor: actor not in busy)

    def exists(index: int, used: frozenset[int]) -> bool:
        if index == len(candidates):
            return True
        return any(exists(index + 1, used | {one}) for one in candidates[index] if one not in used and one not in busy)

    assert isinstance(found, tuple) == exists(0, frozenset())
    if isinstance(found, tuple):
        assert len(set(found)) == len(needs)
        assert all(one in each and one not in busy for one, each in zip(found, candidates, strict=True))

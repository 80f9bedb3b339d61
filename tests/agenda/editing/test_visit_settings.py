"""What a type of visit asks, and what one practitioner does otherwise: set as typed, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from callcenter.agenda.editing.service_types import ServiceTypeParticulars, change_service_type
from callcenter.agenda.editing.visit_settings import (
    OwnSettings,
    VisitSettings,
    own_settings,
    set_own_settings,
    set_visit_settings,
    write_own_settings,
    write_visit_settings,
)
from callcenter.agenda.finding.free_times import visit_of
from callcenter.agenda.models import PractitionerService, ServiceType
from callcenter.agenda.rules.visit_rules import NewPatients
from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from tests.agenda.cast import NINE, Cast, tilleuls

FULL = VisitSettings(
    before_minutes="5",
    after_minutes="10",
    step_minutes="15",
    notice="2 h",
    horizon_days="60",
    new_patients="longer",
    new_patient_minutes="45",
    youngest="16",
    oldest="80",
    is_urgent="1",
    capacity="6",
)


def set_for_all(database: Database, cast: Cast, typed: VisitSettings) -> bool:
    with database.unit_of_work(cast.scope) as session:
        service_type = session.get_one(ServiceType, cast.consultation_id)
        return set_visit_settings(session, service_type, typed, at=NINE, staff_id=None)


def set_own(database: Database, cast: Cast, **typed: Any) -> bool:
    with database.unit_of_work(cast.scope) as session:
        service_type = session.get_one(ServiceType, cast.consultation_id)
        own = OwnSettings(**{"is_offered": "1"} | typed)
        return set_own_settings(session, service_type, cast.practitioner_id, own, at=NINE, staff_id=None)


def test_what_is_set_is_what_the_finder_reads(database: Database) -> None:
    cast = tilleuls(database)
    assert set_for_all(database, cast, FULL)
    assert not set_for_all(database, cast, FULL)
    with database.reading(cast.scope) as session:
        service_type = session.get_one(ServiceType, cast.consultation_id)
        visit = visit_of(session, cast.practitioner_id, service_type)
        assert (visit.before_minutes, visit.after_minutes, visit.step_minutes) == (5, 10, 15)
        assert (visit.notice_minutes, visit.horizon_days) == (120, 60)
        assert (visit.new_patients, visit.new_patient_minutes) == (NewPatients.LONGER, 45)
        assert (visit.youngest, visit.oldest, visit.is_urgent, visit.capacity) == (16, 80, True, 6)
        assert VisitSettings(**write_visit_settings(service_type)) == FULL  # type: ignore[arg-type]


def test_a_new_name_or_length_leaves_what_it_asks(database: Database) -> None:
    cast = tilleuls(database)
    set_for_all(database, cast, FULL)
    with database.unit_of_work(cast.scope) as session:
        service_type = session.get_one(ServiceType, cast.consultation_id)
        typed = ServiceTypeParticulars("Consultation", "Cs", "20", "1")
        assert change_service_type(session, service_type, typed, at=NINE, staff_id=None)
        assert (service_type.duration_minutes, service_type.after_minutes) == (20, 10)


def test_one_practitioner_does_otherwise_and_then_as_everybody(database: Database) -> None:
    cast = tilleuls(database)
    assert not set_own(database, cast)
    typed = {"duration_minutes": "25", "new_patients": "refused", "notice": "1 d", "horizon_days": "30"}
    assert set_own(database, cast, **typed)
    assert not set_own(database, cast, **typed)
    with database.reading(cast.scope) as session:
        service_type = session.get_one(ServiceType, cast.consultation_id)
        visit = visit_of(session, cast.practitioner_id, service_type)
        assert (visit.duration_minutes, visit.new_patients, visit.notice_minutes, visit.horizon_days) == (
            25,
            NewPatients.REFUSED,
            24 * 60,
            30,
        )
        kept = own_settings(session, service_type)[cast.practitioner_id]
        assert write_own_settings(kept)["duration_minutes"] == "25"
    assert set_own(database, cast, is_offered="")
    with database.reading(cast.scope) as session:
        assert [one.is_offered for one in session.scalars(select(PractitionerService))] == [False]
    assert set_own(database, cast)
    with database.reading(cast.scope) as session:
        assert session.scalars(select(PractitionerService)).all() == []


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"before_minutes": "x"}, "before_minutes"),
        ({"step_minutes": "7"}, "step_minutes"),
        ({"step_minutes": "0"}, "step_minutes"),
        ({"notice": "soon"}, "notice"),
        ({"notice": "3 d", "horizon_days": "3"}, "horizon_days"),
        ({"new_patients": "longer"}, "new_patient_minutes"),
        ({"new_patients": "maybe"}, "new_patients"),
        ({"capacity": "0"}, "capacity"),
        ({"youngest": "18", "oldest": "17"}, "oldest"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(database: Database, typed: dict[str, str], field: str) -> None:
    cast = tilleuls(database)
    with pytest.raises(Invalid) as refused:
        set_for_all(database, cast, VisitSettings(**typed))
    assert refused.value.field == field


def test_her_own_rules_are_held_against_the_practice_s(database: Database) -> None:
    cast = tilleuls(database)
    set_for_all(database, cast, VisitSettings(horizon_days="7"))
    with pytest.raises(Invalid) as refused:
        set_own(database, cast, notice="8 d")
    assert refused.value.field == "horizon_days"
    with pytest.raises(Invalid) as refused:
        set_own(database, cast, new_patients="longer")
    assert refused.value.field == "new_patient_minutes"
    assert set_own(database, cast, new_patients="longer", new_patient_minutes="30")

"""The first free time with anybody of a practice."""

from __future__ import annotations

from datetime import time

from sqlalchemy import update

from callcenter.agenda.finding.anybody import FreeWith, first_free_of_group
from callcenter.agenda.models import PractitionerService, ServiceType
from callcenter.core.db import Database
from tests.agenda.cast import NINE, Cast, book, paris, tilleuls
from tests.agenda.views.test_day import counted
from tests.agenda.views.test_grid import colleague


def first(database: Database, cast: Cast, *practitioner_ids: int, patient_id: int | None = None) -> FreeWith | None:
    with database.reading(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        return first_free_of_group(session, practitioner_ids, kind, at=NINE, patient_id=patient_id)


def test_whoever_is_free_first_is_found_and_of_two_at_once_the_one_named_first(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(9), ends=time(11))
    both = first(database, cast, cast.practitioner_id, arnaud)
    assert both is not None
    assert (both.practitioner_id, both.free.start) == (cast.practitioner_id, paris(9))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9))
    now = first(database, cast, cast.practitioner_id, arnaud)
    assert now is not None
    assert (now.practitioner_id, now.free.start) == (arnaud, paris(9))


def test_who_does_not_give_this_type_of_visit_is_not_asked(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(9), ends=time(11))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9))
        session.add(
            PractitionerService(
                practice_id=cast.practice_id,
                practitioner_id=arnaud,
                service_type_id=cast.consultation_id,
                is_offered=False,
            )
        )
    found = first(database, cast, cast.practitioner_id, arnaud)
    assert found is not None
    assert (found.practitioner_id, found.free.start) == (cast.practitioner_id, paris(9, 15))


def test_a_new_patient_is_not_offered_whom_new_patients_cannot_have(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(9), ends=time(11))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9))  # Hélène Vasseur has been with Dr Lemoine
        session.execute(
            update(ServiceType).where(ServiceType.id == cast.consultation_id).values(new_patients="refused")
        )
    known = first(database, cast, cast.practitioner_id, arnaud, patient_id=cast.vasseur_id)
    assert known is not None
    assert (known.practitioner_id, known.free.start) == (cast.practitioner_id, paris(9, 15))
    assert first(database, cast, cast.practitioner_id, arnaud, patient_id=cast.landline_id) is None


def test_two_practitioners_ask_as_many_questions_as_one(database: Database) -> None:
    cast = tilleuls(database)
    arnaud = colleague(database, cast, starts=time(9), ends=time(11))
    counts = []
    for group in ([cast.practitioner_id], [cast.practitioner_id, arnaud]):
        with counted(database) as asked:
            first(database, cast, *group)
        counts.append(len(asked))
    assert counts[0] == counts[1]

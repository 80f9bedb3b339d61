"""A colleague's visit stands in the agenda of whoever is needed at it."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient
from sqlalchemy import update

from callcenter.agenda.models import AppointmentStatus, ServiceType
from callcenter.agenda.resource_models import NeedKind
from callcenter.agenda.views.day import DayView, day_view, week_view
from callcenter.agenda.views.rows import AssistRow
from callcenter.agenda.writing.attendance import mark_arrived
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls
from tests.agenda.finding.test_company import add_ines, need
from tests.agenda.views.test_day import counted
from tests.agenda.web import doctor_s_app, doctor_s_cookie


def with_caron(database: Database, *, capacity: int = 1) -> tuple[Cast, int]:
    """Dr Lemoine's consultations need Dr Caron, five minutes before and after too."""
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        caron_id = add_ines(session, cast)
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=caron_id)
        session.execute(
            update(ServiceType)
            .where(ServiceType.id == cast.consultation_id)
            .values(before_minutes=5, after_minutes=5, capacity=capacity)
        )
    return cast, caron_id


def look(database: Database, cast: Cast, practitioner_id: int) -> DayView:
    with database.reading(cast.scope) as session:
        return day_view(session, practitioner_id=practitioner_id, day=MONDAY, at=NINE)


def assisting(view: DayView) -> list[tuple[str, str, str, str, str, AppointmentStatus]]:
    return [
        (
            f"{one.starts_at:%H:%M}-{one.ends_at:%H:%M}",
            f"{one.visit_starts_at:%H:%M}",
            *(one.colleague, one.patient, one.service, one.status),
        )
        for one in view.rows
        if isinstance(one, AssistRow)
    ]


def test_whoever_assists_sees_with_whom_and_from_when_until_when(database: Database) -> None:
    cast, caron_id = with_caron(database)
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(10)).id
    booked = ("09:55-10:20", "10:00", "Dr Lemoine", "Vasseur H.", "Consultation")
    assert assisting(look(database, cast, caron_id)) == [(*booked, AppointmentStatus.BOOKED)]
    hers = look(database, cast, cast.practitioner_id)
    assert (assisting(hers), len(hers.appointments)) == ([], 1)
    assert look(database, cast, caron_id).appointments == ()
    with database.unit_of_work(cast.scope) as session:
        cancel_appointment(session, book(session, cast, paris(11)).id, staff_id=None, at=NINE)
        mark_arrived(session, visit, staff_id=None, at=NINE)
    assert assisting(look(database, cast, caron_id)) == [(*booked, AppointmentStatus.ARRIVED)]


def test_a_group_takes_whoever_assists_once_and_names_nobody(database: Database) -> None:
    cast, caron_id = with_caron(database, capacity=4)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10))
        book(session, cast, paris(10), key="second", patient_id=cast.landline_id)
    assert assisting(look(database, cast, caron_id)) == [
        ("09:55-10:20", "10:00", "Dr Lemoine", "", "Consultation", AppointmentStatus.BOOKED)
    ]


def test_one_visit_or_three_ask_as_many_questions(database: Database) -> None:
    cast, caron_id = with_caron(database)
    look(database, cast, caron_id)
    counts = []
    for hours in ((10,), (11, 12)):
        with database.unit_of_work(cast.scope) as session:
            for hour in hours:
                book(session, cast, paris(hour))
        with counted(database) as asked, database.reading(cast.scope) as session:
            week_view(session, practitioner_id=caron_id, day=MONDAY, at=NINE)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_her_own_page_shows_it_on_the_telephone_and_in_the_week(database: Database) -> None:
    cast, caron_id = with_caron(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10))
    caron = TestClient(
        doctor_s_app(database, ManualClock(NINE)),
        cookies=doctor_s_cookie(database, replace(cast, practitioner_id=caron_id)),
    )
    day = caron.get("/my-agenda?view=day").text
    assert "Avec Dr Lemoine</b><small>10:00 Vasseur H., Consultation</small>" in day
    week = caron.get("/my-agenda?view=week").text
    assert "<b>Avec Dr Lemoine</b>" in week

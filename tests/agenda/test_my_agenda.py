"""The doctor's page: hers alone, the day she is in, refreshed as one region."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from callcenter.agenda.resource_models import OverbookingRule
from callcenter.agenda.writing.attendance import mark_arrived, mark_fulfilled
from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from tests.agenda.cast import NINE, Cast, book, paris, tilleuls
from tests.agenda.web import doctor_s_app, doctor_s_cookie


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NINE)


@pytest.fixture
def cast(database: Database) -> Cast:
    return tilleuls(database)


@pytest.fixture
def doctor(database: Database, clock: ManualClock, cast: Cast) -> TestClient:
    return TestClient(doctor_s_app(database, clock), cookies=doctor_s_cookie(database, cast))


def test_a_new_appointment_is_in_the_region_tinted_for_a_moment(
    doctor: TestClient, database: Database, clock: ManualClock, cast: Cast
) -> None:
    assert "Vasseur" not in doctor.get("/my-agenda?view=day").text
    with database.unit_of_work(cast.scope) as session:
        appointment = book(session, cast, paris(9, 15))
    region = doctor.get("/my-agenda/day?view=day")
    assert region.text.lstrip().startswith('<section id="my-agenda"')
    assert "Vasseur H." in region.text
    assert f'class="now-row arrived" id="coming-{appointment.id}"' in region.text
    clock.advance(timedelta(seconds=6))
    assert "arrived" not in doctor.get("/my-agenda/day?view=day").text


def test_who_was_added_stands_beside_whom_she_was_added_to(doctor: TestClient, database: Database, cast: Cast) -> None:
    with database.unit_of_work(cast.scope) as session:
        planned = book(session, cast, paris(10), patient_id=cast.landline_id).id
        rule = {"practice_id": cast.practice_id, "schedule_id": cast.schedule_id}
        session.add(by := OverbookingRule(name="Urgences du jour", per_day=1, **rule))
        session.flush()
        added = book(session, cast, paris(10), key="added", overbooking_rule_id=by.id).id
    week = doctor.get("/my-agenda?view=week").text
    classes = dict(re.findall(r'<li id="w(\d+)" class="([^"]*)"', week))
    assert {one: "in-lane" in classes[str(one)].split() for one in (planned, added)} == {planned: False, added: True}
    assert week.count(" haslane") == 1
    day = doctor.get("/my-agenda?view=day").text
    assert day.count("En plus") == 1


def test_who_has_arrived_waits_under_the_present_until_she_is_seen(
    doctor: TestClient, database: Database, clock: ManualClock, cast: Cast
) -> None:
    with database.unit_of_work(cast.scope) as session:
        arrived = book(session, cast, paris(9)).id
        book(session, cast, paris(9, 15), patient_id=cast.landline_id)
        coming = book(session, cast, paris(10)).id
        mark_arrived(session, arrived, staff_id=None, at=NINE)
    clock.advance(timedelta(minutes=40))

    def sections() -> list[tuple[str, list[str]]]:
        """The headings of the day, and who stands under each."""
        day = doctor.get("/my-agenda?view=day").text
        parts = re.split(r'<h2 class="head"[^>]*>(.*?) <span', day)
        heads = ["", *parts[1::2]]
        return [
            (head, re.findall(r'id="(?:coming|appointment)-(\d+)"', part))
            for head, part in zip(heads, parts[::2], strict=True)
        ]

    assert sections() == [("", [str(coming)]), ("En attente", [str(arrived)]), ("Plus tôt", ["2"])]
    with database.unit_of_work(cast.scope) as session:
        mark_fulfilled(session, arrived, staff_id=None, at=NINE)
    assert sections() == [("", [str(coming)]), ("Plus tôt", ["1", "2"])]


def test_whose_time_has_come_is_due_and_not_said_to_be_there(
    doctor: TestClient, database: Database, clock: ManualClock, cast: Cast
) -> None:
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(9)).id
    clock.advance(timedelta(minutes=5))
    due = doctor.get("/my-agenda?view=day").text
    assert ("Prévu maintenant" in due, "Arrivé" in due) == (True, False)
    with database.unit_of_work(cast.scope) as session:
        mark_arrived(session, visit, staff_id=None, at=NINE)
    there = doctor.get("/my-agenda?view=day").text
    assert ("Prévu maintenant" in there, "Arrivé" in there) == (False, True)


def test_the_region_listens_to_its_own_practice_and_keeps_its_day(doctor: TestClient, cast: Cast) -> None:
    following = doctor.get("/my-agenda").text
    kept = doctor.get("/my-agenda?view=week&day=2026-11-30").text
    assert f"topic:agenda-{cast.practice_id} from:body" in following
    assert 'hx-get="/my-agenda/day?"' in following
    assert "day=2026-11-30&amp;view=week" in kept or "day=2026-11-30&view=week" in kept


def test_another_practitioner_s_agenda_is_not_found(doctor: TestClient, database: Database, cast: Cast) -> None:
    other = tilleuls(database, code="port")
    with database.unit_of_work(other.scope) as session:
        book(session, other, paris(10))
    assert doctor.get(f"/my-agenda?practitioner={other.practitioner_id}").status_code == 404
    assert "Vasseur" not in doctor.get("/my-agenda").text
    assert doctor.get(f"/my-agenda?practitioner={cast.practitioner_id}").status_code == 200


def test_whoever_works_in_two_practices_chooses_between_them(
    database: Database, clock: ManualClock, cast: Cast
) -> None:
    other = tilleuls(database, code="port")
    with database.unit_of_work(other.scope) as session:
        book(session, other, paris(10))
    doctor = TestClient(doctor_s_app(database, clock), cookies=doctor_s_cookie(database, cast, other))
    assert f"practitioner={other.practitioner_id}" in doctor.get("/my-agenda").text
    assert "Vasseur H." in doctor.get(f"/my-agenda?practitioner={other.practitioner_id}").text


def test_every_day_and_view_can_be_shown(doctor: TestClient) -> None:
    for query in ("", "?view=day", "?view=week", "?day=2026-11-29", "?day=2026-03-29&view=week", "?day=2026-10-25"):
        assert doctor.get(f"/my-agenda{query}").status_code == 200, query


def test_nobody_signed_in_is_sent_to_sign_in(database: Database, clock: ManualClock) -> None:
    stranger = TestClient(doctor_s_app(database, clock), follow_redirects=False)
    assert stranger.get("/my-agenda").status_code == 303

"""The pages of an agenda's rules: who may change them, what a preview says, and what a refusal leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from callcenter.agenda.models import DayException, Opening, PractitionerService, Schedule, ServiceType
from callcenter.core.clock import ManualClock
from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Role, Site, Staff
from callcenter.main import create_app
from callcenter.web.context import SESSION_COOKIE
from tests.agenda.cast import NINE, SEED, Cast, book, paris, tilleuls
from tests.fakes import FakeProvider

EVENING = {
    "weekday": "0",
    "starts": "19:00",
    "ends": "21:00",
    "cycle_weeks": "1",
    "school_days": "any",
    "kind": "normal",
    "channels": ["phone", "online", "internal"],
}


@dataclass
class Office:
    """A practice with its agenda, and whoever is at the browser."""

    client: TestClient
    database: Database
    cast: Cast

    @property
    def address(self) -> str:
        return f"/practices/{self.cast.practice_id}/schedules/{self.cast.schedule_id}"

    def sign_in(self, role: Role) -> None:
        with self.database.unit_of_work(SEED) as session:
            person = Staff(
                login=role.value,
                name=role.title(),
                first_name="A",
                role=role,
                password_hash="-",
                language="en",
                created_at=NINE,
            )
            session.add(person)
            session.flush()
            staff_id = person.id
        with self.database.unit_of_work(Centre(CentreReason.SIGN_IN)) as session:
            self.client.cookies.set(SESSION_COOKIE, open_session(session, staff_id, at=NINE))

    def get(self, address: str) -> str:
        answer = self.client.get(self.address + address)
        assert answer.status_code == 200, answer.text
        return _text(answer.text)

    def post(self, address: str, **fields: Any) -> tuple[int, str]:
        answer = self.client.post(self.address + address, data=fields)
        return answer.status_code, _text(answer.text)

    def rows(self, table: Any) -> list[Any]:
        with self.database.reading(SEED) as session:
            return list(session.scalars(select(table)))

    def book(self, start: int, **others: Any) -> None:
        with self.database.unit_of_work(self.cast.scope) as session:
            book(session, self.cast, start, **others)


def _text(html: str) -> str:
    """What one reads, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """The Cabinet des Tilleuls in Rezé, an administrator at the browser, on a Monday at nine."""
    database = Database(sqlite_url)
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        for site in session.scalars(select(Site)):
            site.postal_code, site.city = "44400", "Rezé"
    settings = load_settings(
        database_url=sqlite_url,
        public_url="http://testserver",
        secret_key="s" * 32,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        jobs=False,
    )
    with TestClient(create_app(settings, clock=ManualClock(NINE), provider=FakeProvider())) as client:
        opened = Office(client, database, cast)
        opened.sign_in(Role.ADMINISTRATOR)
        yield opened
    database.close()


def test_an_agenda_shows_its_rules_its_weeks_and_its_days_off(office: Office) -> None:
    office.book(paris(10))
    shown = office.get("")
    assert "Dr Lemoine · Rezé" in shown
    assert shown.count("08:30 – 12:30") == 5
    assert "W48" in shown
    assert "W51" in shown
    assert "Noël" in shown
    assert "School zone B." in shown
    assert "44400 Rezé" in shown
    assert "None: every week is as usual." in shown
    assert "outside of what is open" not in shown


def test_more_openings_and_appointments_take_no_more_questions(office: Office) -> None:
    def questions() -> int:
        asked: list[str] = []

        def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        engine = office.client.app.state.world.database.engine  # type: ignore[attr-defined]
        event.listen(engine, "before_cursor_execute", count)
        office.get("")
        event.remove(engine, "before_cursor_execute", count)
        return len(asked)

    office.get("")
    office.book(paris(10))
    office.post("/openings", **EVENING)
    few = questions()
    for hour in (10, 11, 15):
        office.book(paris(hour, day=24))
    for weekday in "123":
        office.post("/openings", **EVENING | {"weekday": weekday, "quota_online": "3"})
        office.post("/exceptions", kind="closed", first_on=f"2026-12-0{weekday}")
    assert questions() == few


def test_a_supervisor_reads_and_changes_nothing(office: Office) -> None:
    office.sign_in(Role.SUPERVISOR)
    assert "Add an opening" not in office.get("")
    opening = office.rows(Opening)[0].id
    for address in ("/openings/new", f"/openings/{opening}", f"/openings/{opening}/ending", "/exceptions/new"):
        assert office.client.get(office.address + address).status_code == 403
    for address in ("/openings", f"/openings/{opening}", "/exceptions", "/holidays", "/openings/preview"):
        assert office.post(address, **EVENING)[0] == 403
    office.sign_in(Role.OPERATOR)
    assert office.client.get(office.address).status_code == 403


def test_another_practice_s_agenda_is_not_there(office: Office) -> None:
    other = tilleuls(office.database, code="marronniers")
    there = f"/practices/{office.cast.practice_id}/schedules/{other.schedule_id}"
    assert office.client.get(there).status_code == 404
    assert office.client.post(f"{there}/openings", data=EVENING).status_code == 404


def test_a_preview_changes_nothing_and_names_who_would_be_left_outside(office: Office) -> None:
    office.book(paris(10))
    office.book(paris(14, day=24), patient_id=office.cast.landline_id)
    monday_morning = next(one for one in office.rows(Opening) if one.weekday == 0 and one.starts.hour == 8)
    address = f"/openings/{monday_morning.id}"
    status, shown = office.post(f"{address}/preview", **EVENING | {"starts": "10:30", "ends": "12:30"})
    assert status == 200
    assert "1 appointment would lie outside of what is open. It stays booked." in shown
    assert "Vasseur H." in shown
    assert "Nguyen" not in shown
    answer = office.client.post(
        f"{office.address}{address}/preview", data=EVENING | {"starts": "10:30", "ends": "12:30"}
    )
    assert re.search(r"no longer open.{,200}08:30–10:30", answer.text, re.DOTALL)
    assert office.rows(Opening)[0].starts == monday_morning.starts
    _, shown = office.post(f"{address}/preview", **EVENING | {"starts": "08:00", "ends": "12:30"})
    assert "No appointment would lie outside of what is open." in shown
    assert "opens" in shown


def test_an_alternate_evening_is_added_with_its_next_dates(office: Office) -> None:
    typed = EVENING | {
        "cycle_weeks": "2",
        "anchor": "2026-11-30",
        "channels": ["online"],
        "quota_online": "4",
        "latest_online": "2 h",
    }
    _, shown = office.post("/openings/preview", **typed)
    assert "Monday 19:00 – 21:00" in shown
    assert "Mon 30 Nov (week 49) , Mon 14 Dec (week 51)" in shown
    # The weeks to choose from come with a cycle of another length, and not while she chooses among them.
    assert "next week (week 49, 30/11)" in shown
    _, again = office.post("/openings/preview", **typed | {"weeks_offered": "2"})
    assert "next week" not in again
    status, shown = office.post("/openings", **typed)
    assert status == 200
    assert "The opening is added." in shown
    assert "Every second week" in shown
    assert "Online, 4 at most, at the latest 2 h before" in shown
    assert "Next:" in shown
    assert (office.rows(Opening)[-1].cycle_weeks, str(office.rows(Opening)[-1].anchor_on)) == (2, "2026-11-30")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"ends": "19:00"}, "19:00 is when it opens as well."),
        ({"starts": "17:00"}, "On Mon 23 Nov it would overlap the opening from 14:00 to 18:00."),
        ({"cycle_weeks": "2", "anchor": "2026-11-24"}, "Cycles are counted from a Monday, and this day is none."),
        ({"kind": "emergency", "release_days": "1"}, "Say at what hour as well."),
        ({"channels": []}, "Somebody must be able to book."),
        ({"quota_online": "0"}, "A number from 1 to 200."),
        ({"service_types": ["999"]}, "This practice has no such type of visit."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays(
    office: Office, typed: dict[str, Any], sentence: str
) -> None:
    before = len(office.rows(Opening))
    status, shown = office.post("/openings", **EVENING | typed)
    assert (status, sentence in shown) == (422, True)
    answer = office.client.post(office.address + "/openings", data=EVENING | typed)
    assert answer.text.count('class="why"') == 1
    assert f'value="{(EVENING | typed)["starts"]}"' in answer.text
    _, preview = office.post("/openings/preview", **EVENING | typed | {"weeks_offered": "2"})
    assert sentence in preview
    assert "Below: as it stands." in preview
    assert len(office.rows(Opening)) == before


def test_what_is_not_typed_yet_is_no_fault(office: Office) -> None:
    _, shown = office.post("/openings/preview", **EVENING | {"ends": ""})
    assert "As it stands." in shown


def test_an_opening_ends_and_the_page_goes_on_naming_whom_it_left(office: Office) -> None:
    office.book(paris(10, day=30))
    monday_morning = next(one for one in office.rows(Opening) if one.weekday == 0 and one.starts.hour == 8)
    address = f"/openings/{monday_morning.id}/ending"
    assert "1 appointment would lie outside" in office.get(address)
    _, shown = office.post(f"{address}/preview", last_day="2026-11-30")
    assert "No appointment would lie outside" in shown
    for past in ("2026-11-20", "", "31/02/2026"):
        assert office.post(address, last_day=past)[0] == 422
    status, shown = office.post(address, last_day="2026-11-23")
    assert status == 200
    assert "The opening ends as you said. 1 appointment lies outside of what is open: it stays booked" in shown
    assert "1 appointment outside of what is open" in shown
    assert "Vasseur H." in shown
    assert "until Mon 23 Nov" in shown
    assert f"/patients/{office.cast.vasseur_id}" in office.client.get(office.address).text
    office.sign_in(Role.SUPERVISOR)  # whose link leads to where it can be moved
    there = re.search(r'href="(/agenda\?[^"]+)"', office.client.get(office.address).text)
    assert there is not None
    assert "Vasseur" in office.client.get(there[1].replace("&amp;", "&")).text
    assert office.client.get(f"{office.address}?done=<script>").text.count("<script>") == 0


def test_an_exception_is_noted_for_the_whole_practice_and_removed(office: Office) -> None:
    office.book(paris(10, day=24))
    typed = {"kind": "closed", "first_on": "2026-11-24", "reason": "formation", "whose": "practice"}
    _, shown = office.post("/exceptions/preview", **typed)
    assert "1 appointment would lie outside" in shown
    assert "formation" in shown
    assert office.rows(DayException) == []
    assert office.post("/exceptions", **typed | {"kind": "open"})[0] == 422
    status, shown = office.post("/exceptions", **typed)
    assert (status, "The exception is noted. 1 appointment lies outside" in shown) == (200, True)
    (kept,) = office.rows(DayException)
    assert (kept.schedule_id, kept.noted_by is not None) == (None, True)
    assert "No appointment would lie outside" in office.get(f"/exceptions/{kept.id}")
    status, shown = office.post(f"/exceptions/{kept.id}/removal")
    assert (status, "these days are usual again" in shown, office.rows(DayException)) == (200, True, [])
    assert office.post(f"/exceptions/{kept.id}/removal")[0] == 404


def test_public_holidays_are_worked_or_kept(office: Office) -> None:
    christmas = paris(10) + 32 * 24 * 3600
    status, shown = office.post("/holidays")
    assert (status, "The public holidays are set." in shown) == (200, True)
    assert office.rows(Schedule)[0].keeps_holidays is False
    office.book(christmas)
    _, shown = office.post("/holidays/preview", keeps="1")
    assert "1 appointment would lie outside" in shown
    assert "Noël" in shown
    office.post("/holidays", keeps="1")
    assert office.rows(Schedule)[0].keeps_holidays is True


def test_the_whole_week_at_once_leads_to_its_rules_and_back(office: Office) -> None:
    week = f"/practices/{office.cast.practice_id}/practitioners/{office.cast.practitioner_id}/hours"
    answer = office.client.get(week)
    assert answer.url.path == office.address
    assert "Save the week" in office.client.get(f"{week}?week=1").text
    saved = office.client.post(week, data={"weekday": ["1"], "starts": ["9:00"], "ends": ["12:00"], "whole_week": "1"})
    assert saved.url.path == office.address
    assert "The week is saved." in saved.text
    overview = _text(office.client.get(f"/practices/{office.cast.practice_id}/hours").text)
    assert "09:00 – 12:00" in overview
    assert "With rules of its own." not in overview
    office.post("/openings", **EVENING | {"school_days": "term"})
    assert "With rules of its own." in _text(office.client.get(f"/practices/{office.cast.practice_id}/hours").text)


def test_a_second_site_has_an_agenda_of_its_own(office: Office) -> None:
    with office.database.unit_of_work(SEED) as session:
        session.add(Site(practice_id=office.cast.practice_id, code="nantes", name="Nantes"))
    assert "Receives at Nantes as well" in office.get("")
    there = f"/practices/{office.cast.practice_id}/practitioners/{office.cast.practitioner_id}/schedules"
    nantes = office.rows(Site)[-1].id
    answer = office.client.post(there, data={"site": str(nantes)})
    assert "The agenda is open: give it its hours." in answer.text
    assert "Dr Lemoine · Nantes" in _text(answer.text)
    assert office.client.post(there, data={"site": "x"}).status_code == 404
    assert len(office.rows(Schedule)) == 2


def test_a_type_of_visit_asks_more_and_one_practitioner_otherwise(office: Office) -> None:
    types = f"/practices/{office.cast.practice_id}/service-types/{office.cast.consultation_id}"
    typed = {
        "name": "Consultation",
        "short_name": "Cs",
        "duration_minutes": "15",
        "colour": "1",
        "step_minutes": "10",
        "after_minutes": "5",
        "notice": "2 h",
        "new_patients": "longer",
        "new_patient_minutes": "",
    }
    refused = office.client.post(types, data=typed)
    assert refused.status_code == 422
    assert "Say how many minutes the first visit takes." in refused.text
    assert office.client.post(types, data=typed | {"new_patient_minutes": "30"}).status_code == 200
    kept = next(one for one in office.rows(ServiceType) if one.id == office.cast.consultation_id)
    assert (kept.step_minutes, kept.after_minutes, kept.notice_minutes, kept.new_patient_minutes) == (10, 5, 120, 30)
    assert 'value="2 h"' in office.client.get(types).text
    own = f"{types}/practitioners/{office.cast.practitioner_id}"
    assert "The practice: 15 min." in office.client.get(own).text
    assert office.client.post(own, data={"is_offered": "1", "duration_minutes": "0"}).status_code == 422
    answer = office.client.post(own, data={"is_offered": "1", "duration_minutes": "20"})
    assert "20 min" in _text(answer.text)
    assert [one.duration_minutes for one in office.rows(PractitionerService)] == [20]
    assert "not offered" in office.client.post(own, data={}).text


def test_what_no_form_sends_is_answered_with_a_sentence(office: Office) -> None:
    huge = "9" * 30
    base = f"/practices/{office.cast.practice_id}"
    for address in (
        f"{base}/schedules/{huge}",
        f"{office.address}/openings/{huge}",
        f"{office.address}/openings/new?like={huge}",
        f"{office.address}/exceptions/{huge}",
        f"{base}/service-types/{office.cast.consultation_id}/practitioners/{huge}",
    ):
        assert office.client.get(address).status_code in {404, 422}
    far = {"cycle_weeks": "52", "anchor": "2199-12-30", "valid_from": "2199-12-01", "earliest_phone": "1098 d"}
    assert office.post("/openings/preview", **EVENING | far)[0] == 200
    assert office.post("/openings", **EVENING | {"anchor": huge, "cycle_weeks": huge})[0] == 422
    assert office.post("/openings/preview", weekday=huge, starts=huge, ends="\x00", channels=[huge])[0] == 200
    assert office.post("/exceptions", kind=huge, first_on=huge, whose=huge)[0] == 422
    assert office.post("/exceptions/preview", first_on="2199-12-31", last_on="2199-12-31", kind="closed")[0] == 200

"""The wide agenda over HTTP: days, weeks and teams of any practice, booked with a call and without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

import httpx
import pytest
from sqlalchemy import select

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.resource_models import OverbookingRule
from callcenter.directory.models import Practice, Role
from tests.agenda.cast import NINE, Cast, book, paris, tilleuls
from tests.agenda.views.test_grid import colleague
from tests.web.serving import SEED, Served, serve

SWAP = {"HX-Request": "true"}


@dataclass
class Scene:
    """The product with the Cabinet des Tilleuls, and Inès signed in as an operator."""

    served: Served
    cast: Cast
    browser: httpx.Client

    def get(self, query: str = "", *, path: str = "/agenda") -> str:
        answer = self.browser.get(f"{path}{query}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def form(self, text: str) -> dict[str, str]:
        """The fields of the booking form."""
        form = re.search(r'<form id="wide-book".*?</form>', text, re.DOTALL)
        assert form is not None
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))

    def appointments(self) -> list[tuple[int, int, str]]:
        with self.served.database.reading(self.cast.scope) as session:
            rows = session.scalars(select(Appointment).order_by(Appointment.id))
            return [(one.start, one.patient_id, AppointmentStatus(one.status)) for one in rows]


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    with serve(database_url) as served:
        cast = tilleuls(served.database)
        cookie = served.cookie(served.staff("ines-r", Role.OPERATOR))
        with httpx.Client(base_url=served.url, cookies=cookie) as browser:
            yield Scene(served, cast, browser)


def test_operators_and_supervisors_read_it_and_nobody_else(scene: Scene) -> None:
    statuses = {}
    for role in Role:
        cookie = scene.served.cookie(scene.served.staff(f"{role.value}-2", role))
        with httpx.Client(base_url=scene.served.url, cookies=cookie) as browser:
            statuses[role] = {browser.get(path).status_code for path in ("/agenda", "/agenda/print", "/agenda/region")}
    assert statuses == {
        Role.OPERATOR: {200},
        Role.SUPERVISOR: {200},
        Role.PRACTITIONER: {403},
        Role.ADMINISTRATOR: {403},
    }


def test_the_week_shows_who_comes_what_is_free_and_its_number(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        booked = book(session, scene.cast, paris(9, 30))
    text = scene.get()
    assert "23 – 27 novembre 2026" in text
    assert "semaine 48" in text
    assert f'href="/agenda/appointments/{booked.id}"' in text
    assert "Vasseur H." in text
    assert f"start={paris(9, 30)}" not in text
    assert f"start={paris(10)}" in text
    assert f"topic:agenda-{scene.cast.practice_id} from:body" in text


@pytest.mark.parametrize(
    "query",
    [
        "?view=day",
        "?view=team",
        "?view=week&day=2026-10-25",
        "?view=day&day=2026-03-29",
        "?view=week&day=2026-12-25",
        "?view=team&day=2026-11-29",
        "?day=2199-12-31",
        "?day=2000-01-01",
        "?practitioner=999999",
        "?type=999999",
        "?start=1795420800&with=999999",
        "?start=1795420801",
    ],
)
def test_every_view_of_every_day_can_be_shown(scene: Scene, query: str) -> None:
    for path in ("/agenda", "/agenda/region", "/agenda/wide", "/agenda/print"):
        scene.get(query, path=path)


def test_a_practice_out_of_reach_is_not_found(scene: Scene) -> None:
    assert scene.browser.get("/agenda?practice=999999").status_code == 404
    assert scene.browser.get("/agenda?practice=x").status_code == 422


def test_the_public_holiday_is_named_at_the_head_of_its_day(scene: Scene) -> None:
    assert "Noël" in scene.get("?day=2026-12-21")
    assert "Noël" in scene.get("?view=day&day=2026-12-25")


def test_the_team_has_a_column_each_and_says_who_is_free_first(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        for quarter in (15, 30, 45):
            book(session, scene.cast, paris(9, quarter), key=f"taken-{quarter}")
    arnaud = colleague(scene.served.database, scene.cast, starts=time(9, 30), ends=time(11))
    text = scene.get("?view=team")
    assert re.findall(r'aria-label="lundi 23 novembre, ([^"]+)"', text) == ["Dr Lemoine", "Dr Arnaud"]
    first = re.search(r'id="wide-first-of-all" href="([^"]+)"[^>]*data-key="(.)"', text)
    assert first is not None
    assert first[2] == "f"
    chosen = scene.form(scene.get(first[1].replace("&amp;", "&").removeprefix("/agenda")))
    assert (int(chosen["start"]), int(chosen["practitioner_id"])) == (paris(9, 30), arnaud)


def test_a_time_is_chosen_then_a_person_and_booked_without_a_call(scene: Scene) -> None:
    form = scene.form(scene.get(f"?start={paris(10)}&with={scene.cast.practitioner_id}"))
    nobody = scene.browser.post("/agenda/appointments", data=form, headers=SWAP)
    assert nobody.status_code == 409
    assert scene.appointments() == []

    found = scene.browser.post("/agenda/patient-search", data={"practice_id": scene.cast.practice_id, "text": "vass"})
    assert "Hélène Vasseur" in found.text
    person = {"practice_id": scene.cast.practice_id, "patient_id": scene.cast.vasseur_id}
    chosen = scene.browser.post("/agenda/person", data=person)
    assert f'name="patient_id" value="{scene.cast.vasseur_id}" form="wide-book"' in chosen.text

    data = form | {"patient_id": str(scene.cast.vasseur_id)}
    answers = [scene.browser.post("/agenda/appointments", data=data, headers=SWAP) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert "Vasseur H." in answers[0].text
    assert re.search(r'id="wide-notices"[^>]*hx-swap-oob="morph"', answers[0].text)
    assert scene.appointments() == [(paris(10), scene.cast.vasseur_id, AppointmentStatus.BOOKED)]


def test_whoever_comes_second_is_told_by_whom_and_offered_the_next_three(scene: Scene) -> None:
    form = scene.form(scene.get(f"?start={paris(10)}&with={scene.cast.practitioner_id}"))
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        book(session, scene.cast, paris(10), patient_id=scene.cast.landline_id)
    data = form | {"patient_id": str(scene.cast.vasseur_id)}
    answer = scene.browser.post("/agenda/appointments", data=data, headers=SWAP)
    assert answer.status_code == 409
    assert "Camille" in answer.text
    choices = re.findall(r"start=(\d+)&amp;with=\d+\" data-key=\"(\d)\"", answer.text)
    assert choices == [(str(paris(10, quarter)), str(digit)) for digit, quarter in enumerate((15, 30, 45), 1)]
    assert 'id="wide-book-it"' not in answer.text


def test_one_more_is_added_to_a_time_that_is_taken_where_a_rule_says_so(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        taken = book(session, scene.cast, paris(10), patient_id=scene.cast.landline_id).id
        rule = {"practice_id": scene.cast.practice_id, "schedule_id": scene.cast.schedule_id}
        session.add(OverbookingRule(name="Urgences du jour", per_day=1, **rule))
    beside = scene.browser.get(f"/agenda/appointments/{taken}", headers=SWAP).text
    assert f'data-mode="start={paris(10)}&with={scene.cast.practitioner_id}"' in beside
    text = scene.get(f"?start={paris(10)}&with={scene.cast.practitioner_id}")
    assert "Urgences du jour" in text
    data = scene.form(text) | {"patient_id": str(scene.cast.vasseur_id)}
    assert scene.browser.post("/agenda/appointments", data=data, headers=SWAP).status_code == 200
    assert scene.appointments()[1] == (paris(10), scene.cast.vasseur_id, AppointmentStatus.BOOKED)
    # The day's one is used up.
    assert 'data-mode="start=' not in scene.browser.get(f"/agenda/appointments/{taken}", headers=SWAP).text


def test_an_operator_reads_on_the_page_too_what_she_is_doing(scene: Scene) -> None:
    assert 'id="desk-status"' in scene.get()


def test_nothing_personal_stands_in_an_address(scene: Scene) -> None:
    person = {"practice_id": scene.cast.practice_id, "patient_id": scene.cast.vasseur_id}
    scene.browser.post("/agenda/person", data=person)
    text = scene.get(f"?start={paris(10)}&with={scene.cast.practitioner_id}")
    assert "patient" not in "".join(re.findall(r'(?:href|hx-get)="([^"]*)"', text))


def test_another_practice_s_patient_is_not_booked(scene: Scene) -> None:
    other = tilleuls(scene.served.database, code="port")
    form = scene.form(
        scene.get(f"?practice={scene.cast.practice_id}&start={paris(10)}&with={scene.cast.practitioner_id}")
    )
    answer = scene.browser.post("/agenda/appointments", data=form | {"patient_id": str(other.vasseur_id)})
    assert answer.status_code == 404
    assert scene.appointments() == []


def test_what_is_known_of_an_appointment(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        booked = book(session, scene.cast, paris(9, 30)).id
    beside = scene.browser.get(f"/agenda/appointments/{booked}", headers=SWAP).text
    assert beside.lstrip().startswith("<section")
    for words in ("Hélène Vasseur", "06 39 98 14 72", "Consultation", "Dr Lemoine", "Camille"):
        assert words in beside
    whole = scene.get(path=f"/agenda/appointments/{booked}")
    assert 'id="wide-agenda"' in whole
    assert f'data-details="{booked}"' in whole
    assert scene.browser.get("/agenda/appointments/999999").status_code == 404


def test_on_paper_there_are_the_days_and_nothing_to_press(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        book(session, scene.cast, paris(9, 30))
    for view in ("week", "day", "team"):
        sheet = scene.get(f"?view={view}", path="/agenda/print")
        assert re.search(r"09:30<span[^>]*>–09:45</span></td><td>Vasseur H.</td>", sheet)
        assert "<nav" not in sheet
        assert "<a " not in sheet
    assert "Fermé" in scene.get(f"?view=day&day={date(2026, 11, 29)}", path="/agenda/print")


def test_a_practice_without_an_agenda_says_so(scene: Scene) -> None:
    with scene.served.database.unit_of_work(SEED) as session:
        empty = Practice(code="neuf", name="Cabinet neuf", short_name="Neuf", created_at=NINE)
        session.add(empty)
        session.flush()
        practice_id = empty.id
    assert "pas encore d’agenda" in scene.get(f"?practice={practice_id}")


def test_a_typed_hour_is_chosen_and_whatever_else_is_typed_is_told_and_stands_in_no_address(scene: Scene) -> None:
    query = f"/agenda/moment?practice={scene.cast.practice_id}&view=day&day=2026-11-24"
    found = scene.browser.post(query, data={"text": "jeudi 14h30"}, headers=SWAP)
    assert found.status_code == 200, found.text
    assert f'value="{paris(14, 30, day=26)}"' in found.text
    assert "HX-Replace-Url" not in found.headers

    own = SWAP | {"HX-Current-URL": f"{scene.served.url}/agenda?view=day"}
    replaced = scene.browser.post(query, data={"text": "demain"}, headers=own).headers["HX-Replace-Url"]
    assert "day=2026-11-24" in replaced
    assert "start" not in replaced

    for nonsense in ("Vasseur", "</Say><Dial>", "=HYPERLINK(", "25h", ""):
        refused = scene.browser.post(query, data={"text": nonsense}, headers=SWAP)
        assert refused.status_code == 422
        assert "14h30" in refused.text
        assert "<Dial>" not in refused.text

    # Without script the page itself is gone to.
    plain = scene.browser.post(query, data={"text": "24/11 9h15"}, follow_redirects=False)
    assert plain.status_code == 303
    assert "wall=2026-11-24T09%3A15" in plain.headers["Location"]
    assert f'value="{paris(9, 15, day=24)}"' in scene.get(plain.headers["Location"], path="")


def test_an_hour_of_another_practice_is_not_found(scene: Scene) -> None:
    refused = scene.browser.post("/agenda/moment?practice=999", data={"text": "9h"}, headers=SWAP)
    assert refused.status_code == 404

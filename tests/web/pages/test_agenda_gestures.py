"""What is done to an appointment in the wide agenda, over HTTP: refusals in a sentence, nothing out of reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select, update

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.occupation_models import Act
from callcenter.agenda.writing.history import history_of
from callcenter.directory.models import Role
from callcenter.messaging.models import OutboxMessage, OutboxStatus
from tests.agenda.cast import Cast, book, paris, tilleuls
from tests.web.serving import Served, serve

SWAP = {"HX-Request": "true"}


class Scene:
    """Inès, an operator, and Hélène Vasseur, who comes at ten."""

    def __init__(self, served: Served, cast: Cast, browser: httpx.Client) -> None:
        self.served, self.cast, self.browser = served, cast, browser
        with served.database.unit_of_work(cast.scope) as session:
            self.visit = book(session, cast, paris(10)).id

    def now(self) -> tuple[int, AppointmentStatus]:
        with self.served.database.reading(self.cast.scope) as session:
            found = session.get_one(Appointment, self.visit)
            return found.start, AppointmentStatus(found.status)

    def acts(self) -> list[Act]:
        with self.served.database.reading(self.cast.scope) as session:
            return [line.act for line in history_of(session, self.visit)]

    def move_form(self, start: int) -> dict[str, str]:
        query = f"?move={self.visit}&start={start}&with={self.cast.practitioner_id}"
        form = re.search(r'<form id="wide-book".*?</form>', self.browser.get(f"/agenda{query}").text, re.DOTALL)
        assert form is not None
        assert f'action="/agenda/appointments/{self.visit}/move"' in form[0]
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))

    def post(self, does: str, **data: object) -> httpx.Response:
        values = {name: str(value) for name, value in data.items()}
        return self.browser.post(f"/agenda/{does}", data=values, headers=SWAP)


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    with serve(database_url) as served:
        cast = tilleuls(served.database)
        cookie = served.cookie(served.staff("ines-r", Role.OPERATOR))
        with httpx.Client(base_url=served.url, cookies=cookie) as browser:
            yield Scene(served, cast, browser)


def test_a_visit_that_is_moved_shows_the_times_of_its_own_length_and_not_its_own_as_taken(scene: Scene) -> None:
    text = scene.browser.get(f"/agenda?move={scene.visit}&type={scene.cast.first_visit_id}").text
    assert f'data-moving="{scene.visit}"' in text
    assert f"start={paris(10, 15)}" in text  # the quarters of a consultation, not the half hours of a first visit
    assert f"start={paris(10)}&" not in text
    assert "choisissez la nouvelle heure" in text


def test_a_move_sent_twice_moves_once_and_the_patient_is_told_only_when_asked(scene: Scene) -> None:
    # The confirmation of its first time has left.
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        session.execute(update(OutboxMessage).values(status=OutboxStatus.DELIVERED))
    form = scene.move_form(paris(14))
    assert form["tell"] == "1"
    silent = {name: value for name, value in form.items() if name != "tell"}
    answers = [scene.post(f"appointments/{scene.visit}/move", **silent) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert "C’est déplacé." in answers[0].text
    assert scene.now() == (paris(14), AppointmentStatus.BOOKED)
    assert scene.acts() == [Act.BOOKED, Act.MOVED]
    assert kinds(scene) == []

    scene.post(f"appointments/{scene.visit}/move", **scene.move_form(paris(15)))
    assert scene.now()[0] == paris(15)
    assert kinds(scene) == ["appointment_moved"]


def test_a_time_that_was_taken_meanwhile_is_refused_with_the_next_three(scene: Scene) -> None:
    form = scene.move_form(paris(14))
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        book(session, scene.cast, paris(14), patient_id=scene.cast.landline_id)
    answer = scene.post(f"appointments/{scene.visit}/move", **form)
    assert answer.status_code == 409
    assert "Camille" in answer.text
    assert re.findall(rf"start=(\d+)&amp;with=\d+&amp;move={scene.visit}\" data-key=\"(\d)\"", answer.text) == [
        (str(paris(14, quarter)), str(digit)) for digit, quarter in enumerate((15, 30, 45), 1)
    ]
    assert scene.now()[0] == paris(10)


def test_what_somebody_else_has_moved_is_not_moved_away_under_her_hands(scene: Scene) -> None:
    form = scene.move_form(paris(14))
    scene.post(f"appointments/{scene.visit}/move", **scene.move_form(paris(16)))
    answer = scene.post(f"appointments/{scene.visit}/move", **form)
    assert answer.status_code == 409
    assert scene.now()[0] == paris(16)


def test_a_visit_given_back_can_be_undone_and_both_are_told(scene: Scene) -> None:
    answer = scene.post(f"appointments/{scene.visit}/cancellation", reason="Grippe")
    assert answer.status_code == 200
    assert answer.headers["hx-trigger"] == "desk-changed"
    assert answer.text.lstrip().startswith('<div id="wide-notices"')
    assert scene.now()[1] is AppointmentStatus.CANCELLED
    undo = re.search(r'name="event_id" value="(\d+)"', scene.browser.get("/agenda").text)
    assert undo is not None
    assert scene.post("undo", event_id=undo[1]).status_code == 200
    assert scene.now() == (paris(10), AppointmentStatus.BOOKED)
    assert 'name="event_id"' not in scene.browser.get("/agenda").text


def test_who_has_not_begun_to_be_expected_is_not_absent(scene: Scene) -> None:
    answer = scene.post(f"appointments/{scene.visit}/no-show")
    assert answer.status_code == 409
    assert "pas encore commencé" in answer.text
    assert scene.now()[1] is AppointmentStatus.BOOKED
    assert scene.post(f"appointments/{scene.visit}/arrival").status_code == 200
    assert scene.post(f"appointments/{scene.visit}/fulfilment").status_code == 200
    assert scene.now()[1] is AppointmentStatus.FULFILLED


def test_a_browser_without_script_is_led_back_to_the_appointment(scene: Scene) -> None:
    answer = scene.browser.post(f"/agenda/appointments/{scene.visit}/arrival", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/agenda/appointments/{scene.visit}")


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ADMINISTRATOR])
def test_nobody_else_does_anything_here(scene: Scene, role: Role) -> None:
    cookie = scene.served.cookie(scene.served.staff(f"{role.value}-3", role))
    with httpx.Client(base_url=scene.served.url, cookies=cookie) as browser:
        for does in ("arrival", "no-show", "cancellation"):
            assert browser.post(f"/agenda/appointments/{scene.visit}/{does}").status_code == 403
    assert scene.now()[1] is AppointmentStatus.BOOKED


def test_what_does_not_exist_is_not_found(scene: Scene) -> None:
    assert scene.post("appointments/999999/arrival").status_code == 404
    assert scene.post("appointments/999999/cancellation").status_code == 404
    assert scene.post("undo", event_id=999999).status_code == 404
    form = scene.move_form(paris(14))
    assert scene.post("appointments/999999/move", **form).status_code == 404
    assert scene.post("swaps", practice_id=1, first_id=1, second_id=999999, request_key="x" * 10).status_code == 404


def kinds(scene: Scene) -> list[str]:
    """The texts about moves that wait to leave."""
    with scene.served.database.reading(scene.cast.scope) as session:
        return [kind for kind in session.scalars(select(OutboxMessage.kind)) if kind != "appointment_booked"]

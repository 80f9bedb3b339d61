"""The supervisor's hand on the calls we place: without script, with htmx, and for nobody else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.directory.accounts import create_staff
from callcenter.directory.models import Role, Staff
from callcenter.main import create_app
from callcenter.routing.models import QueueEntry, Reservation
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Leg, LegRole
from tests.floor import ALL, PATIENT, Floor

PASSWORD = "marronniers en fleur"


@pytest.fixture
def floor(database: Database) -> Floor:
    """Ines has a call; Solène supervises, Camille does not."""
    floor = Floor(database)
    floor.hire("Ines")
    floor.call_id = floor.ring()  # type: ignore[attr-defined]
    with database.unit_of_work(ALL) as session:
        for login, name, role in (
            ("solene", "Solène Garnier", Role.SUPERVISOR),
            ("camille", "Camille Roux", Role.OPERATOR),
        ):
            create_staff(session, login=login, name=name, role=role, password=PASSWORD, language="fr", at=floor.now)
    return floor


@pytest.fixture
def client(floor: Floor, database_url: str) -> Iterator[TestClient]:
    settings = floor.settings.model_copy(
        update={"database_url": database_url, "public_url": "http://testserver", "jobs": False}
    )
    app = create_app(settings, clock=ManualClock(floor.now), provider=floor.provider)
    with TestClient(app) as opened:
        sign_in(opened, "solene")
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text


def ring_back(floor: Floor, number: int) -> str:
    """Ring the patient back; why it failed, empty when she is rung."""
    with floor.database.unit_of_work(ALL) as session:
        call = floor.call(floor.call_id)  # type: ignore[attr-defined]
        label = f"patient-{number}"
        staff_id = floor.staff["Ines"]
        leg = want_leg(
            session, call, role=LegRole.PATIENT, label=label, address=PATIENT, staff_id=staff_id, at=floor.now
        )
    dial_leg(floor.database, floor.provider, leg.id, floor.clock, settings=floor.settings)
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Leg.failure).where(Leg.id == leg.id)).one()


def test_she_stops_the_calls_says_why_and_allows_them_again(client: TestClient, floor: Floor) -> None:
    assert ring_back(floor, 2) == ""
    board = client.get("/board").text
    assert "Appels sortants" in board
    assert "Cabinet des Lilas" in board
    assert 'href="/board/placing/stop"' in board

    asked = client.get("/board/placing/stop").text
    assert "Pourquoi" in asked
    stopped = client.post("/board/placing/stop", data={"reason": "<b>Appels inconnus</b>"})
    assert stopped.url.path == "/board"
    assert "Les appels sortants sont arrêtés." in stopped.text
    assert "Solène Garnier" in stopped.text
    assert "&lt;b&gt;Appels inconnus&lt;/b&gt;" in stopped.text
    assert 'href="/board/placing/stop"' not in stopped.text
    assert "stopped" in ring_back(floor, 3)

    allowed = client.post("/board/placing/allowance", headers={"HX-Request": "true"})
    assert "Les appels sortants sont arrêtés." not in allowed.text
    assert allowed.text.startswith('<section id="board-placing"')
    assert ring_back(floor, 4) == ""


def test_without_a_reason_nothing_is_stopped_and_the_form_says_so(client: TestClient, floor: Floor) -> None:
    refused = client.post("/board/placing/stop", data={"reason": " "})
    assert refused.status_code == 422
    assert "Dites pourquoi" in refused.text
    assert ring_back(floor, 2) == ""


def test_stopped_twice_the_first_reason_stands(client: TestClient) -> None:
    for reason in ("la première main", "la seconde"):
        text = client.post("/board/placing/stop", data={"reason": reason}).text
    assert "la première main" in text
    assert "la seconde" not in text


def test_a_used_up_hour_is_seen(client: TestClient, floor: Floor) -> None:
    world = client.app.state.world  # type: ignore[attr-defined]
    object.__setattr__(world, "settings", world.settings.model_copy(update={"calls_per_hour_operator": 1}))
    ring_back(floor, 2)
    assert '<div class="attn"><dt>Ines' in client.get("/board/placing").text
    world.clock.advance(timedelta(hours=1))
    assert "Ines" not in client.get("/board/placing").text


def test_the_switch_is_for_nobody_else(client: TestClient, floor: Floor) -> None:
    client.cookies.clear()
    sign_in(client, "camille")
    assert client.get("/board/placing").status_code == 403
    assert client.get("/board/placing/stop").status_code == 403
    assert client.post("/board/placing/stop", data={"reason": "moi"}).status_code == 403
    assert client.post("/board/placing/allowance").status_code == 403
    assert ring_back(floor, 2) == ""


def test_an_operator_reads_why_her_telephone_was_not_rung(client: TestClient, floor: Floor) -> None:
    """Her number was taken on before such numbers were refused; the patient goes back to the head of the queue."""
    client.cookies.clear()
    sign_in(client, "camille")
    with floor.database.unit_of_work(ALL) as session:
        camille = session.scalars(select(Staff).where(Staff.login == "camille")).one()
        camille.endpoint = "+33899123456"
    client.post("/agent/availability")
    call_id = floor.ring("CA" + "d" * 32)
    with floor.database.reading(ALL) as session:
        entry_id = session.scalars(select(QueueEntry.id).where(QueueEntry.call_id == call_id)).one()
        offer = session.scalar(select(Reservation.id).where(Reservation.staff_id == camille.id))
    address = f"/reservations/{offer}/acceptance" if offer else f"/queue-entries/{entry_id}/acceptance"
    refused = client.post(address)
    assert refused.status_code == 409
    assert "Votre téléphone n’a pas pu être joint" in refused.text
    assert "jamais les numéros surtaxés" in refused.text
    assert floor.entry(call_id).status == "waiting"
    assert floor.provider.dialled == []

"""Who would be called now, and then: shown to those who may ask; and what a supervisor does when it is them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.db import Database
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import AcknowledgementKind, Channel, MessageAnswer, MessageStatus, Target
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre
from tests.web.pages.messages_cast import browser, centre_with_accounts, sign_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def centre(database: Database) -> Centre:
    return centre_with_accounts(database)


@pytest.fixture
def client(centre: Centre, database_url: str) -> Iterator[TestClient]:
    with browser(centre, database_url) as opened:
        sign_in(opened, "solene")
        yield opened


def ask(client: TestClient, **asked: object) -> str:
    answer = client.get("/who-next", params={"practice": 1, **asked}, headers=HTMX)  # type: ignore[dict-item]
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_a_supervisor_reads_every_step_with_whole_numbers(client: TestClient, centre: Centre) -> None:
    text = ask(client, practitioner=centre.lemoine_id, urgency="urgent")
    for said in ("Dr Lemoine", "06 39 98 00 40", "09:10", "06 39 98 00 41", "Dr Marchand", "09:15", "09:17"):
        assert said in text
    assert text.index("Dr Marchand") < text.index("The supervisors")
    assert "<html" not in text
    assert "<html" in client.get("/who-next?practice=1").text  # a page of its own without scripts


def test_an_operator_reads_the_last_two_digits_alone(client: TestClient, centre: Centre) -> None:
    sign_in(client, "olivia")
    text = ask(client, practitioner=centre.lemoine_id)
    assert ("•• 40" in text, "•• 41" in text) == (True, True)
    assert "98 00 4" not in text
    assert client.get("/who-next?practice=99").status_code == 404


def test_whoever_is_on_call_is_the_one_of_the_moment_that_is_asked_about(client: TestClient) -> None:
    assert "Dr Berger" in ask(client)
    later = ask(client, moment="2026-12-01T22:00")
    assert ("Dr Marchand" in later, "22:00" in later) == (True, True)
    refused = client.get("/who-next?practice=1&moment=soon", headers=HTMX)
    assert (refused.status_code, "This is no moment." in refused.text) == (422, True)


def test_a_step_that_is_left_out_says_why(client: TestClient, centre: Centre) -> None:
    text = ask(client, practitioner=centre.marchand_id)
    assert "left out: no second number" in text
    assert "left out: nobody is named to stand in" in text


def test_doctors_do_not_ask(client: TestClient) -> None:
    sign_in(client, "lemoine")
    assert client.get("/who-next?practice=1").status_code == 403


def test_the_board_shows_an_urgent_message_until_somebody_has_it(client: TestClient, centre: Centre) -> None:
    assert "urgent-message-" not in client.get("/board").text
    message_id = centre.urgent()
    centre.tick()
    text = client.get("/board/urgent-messages").text
    assert f'id="urgent-message-{message_id}"' in text
    assert "Next at 09:02:" in text
    assert "I have it in hand" not in text  # practitioners are still being told
    early = client.post(f"/board/urgent-messages/{message_id}/in-hand")
    assert (early.status_code, "still being told" in early.text) == (409, True)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.APP, practitioner_id=centre.lemoine_id)
        acknowledge(session, message_id, AcknowledgementKind.TAKEN, by=by, at=centre.clock.now())
    assert "urgent-message-" not in client.get("/board/urgent-messages").text
    late = client.post(f"/board/urgent-messages/{message_id}/settlement", data={"note": "x", "request_key": "k"})
    assert late.status_code == 409


def test_the_first_supervisor_has_it_in_hand_and_says_what_was_done(client: TestClient, centre: Centre) -> None:
    message_id = centre.urgent()
    for _minute in range(18):
        centre.tick(1)
    address = f"/board/urgent-messages/{message_id}"
    assert "I have it in hand" in client.get("/board").text
    for _twice in range(2):
        taken = client.post(f"{address}/in-hand", headers=HTMX)
        assert "Solene has it in hand" in taken.text
    sign_in(client, "sarah")
    second = client.post(f"{address}/in-hand")
    assert (second.status_code, "Solene has this message in hand already." in second.text) == (409, True)
    question = client.get(f"{address}/settlement").text
    assert "Elle a une douleur dans la poitrine" in question
    empty = client.post(f"{address}/settlement", data={"note": " ", "request_key": "one"})
    assert (empty.status_code, "what was done?" in empty.text) == (422, True)
    for _twice in range(2):
        client.post(f"{address}/settlement", data={"note": "Dr Lemoine jointe.", "request_key": "one"})
    assert centre.message(message_id).status == MessageStatus.DONE
    with centre.database.reading(SEED) as session:
        kept = session.scalars(select(MessageAnswer)).all()
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"message {message_id}")).all()
    assert [(one.words, one.kind) for one in kept] == [("Dr Lemoine jointe.", "text")]
    assert [one for one in acts if one != "message_written"] == ["message_in_hand", "message_settled"]
    assert "urgent-message-" not in client.get("/board").text


def test_what_nobody_could_be_told_of_is_the_supervisors_whatever_its_urgency(
    client: TestClient, centre: Centre
) -> None:
    centre.prefer(centre.berger_id, channel="email")
    message_id = centre.write(practitioner_id=centre.berger_id)
    centre.tick()
    assert [one.target for one in centre.notices(message_id)] == [Target.SUPERVISOR]
    text = client.get("/board/urgent-messages").text
    assert ("not urgent" in text, "I have it in hand" in text) == (True, True)

"""How messages reach a practitioner, set on a telephone by whom it concerns, and by a supervisor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from callcenter.core.db import Database
from callcenter.directory.models import Practitioner
from callcenter.directory.passwords import matches
from callcenter.dispatch.models import DispatchPreference
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre
from tests.web.pages.messages_cast import HOSTILE, SHOWN, browser, centre_with_accounts, sign_in

MINE = "/my-messages/preferences"
WISHES = {
    "timing": "batch",
    "batch_at": "12:00 18h",
    "quiet_from": "20:00",
    "quiet_until": "07:30",
    "channel": "sms",
    "mobile": "06 39 98 00 50",
    "second_number": "02 61 91 00 50",
}


@pytest.fixture
def centre(database: Database) -> Centre:
    return centre_with_accounts(database)


@pytest.fixture
def client(centre: Centre, database_url: str) -> Iterator[TestClient]:
    with browser(centre, database_url) as opened:
        sign_in(opened, "lemoine")
        yield opened


def kept(centre: Centre, practitioner_id: int) -> DispatchPreference:
    with centre.database.reading(SEED) as session:
        return session.get_one(DispatchPreference, practitioner_id)


def test_a_doctor_sets_it_and_reads_in_words_what_it_means(client: TestClient, centre: Centre) -> None:
    assert "All messages reach you at once, by text." in client.get(MINE).text
    answer = client.post(MINE, data=WISHES | {"alternate": str(centre.marchand_id)})
    assert (answer.status_code, answer.url.path) == (200, MINE)
    words = "Non urgent messages reach you together at 12:00 and 18:00, by text; urgent ones at once, by text."
    assert words in answer.text
    assert "From 20:00 to 07:30 only urgent ones come" in answer.text
    assert 'value="06 39 98 00 50"' in answer.text
    assert kept(centre, centre.lemoine_id).second_number == "+33261910050"


def test_what_was_typed_stays_beside_the_sentence_that_refuses_it(client: TestClient, centre: Centre) -> None:
    answer = client.post(MINE, data=WISHES | {"mobile": "15", "batch_at": HOSTILE[:60]})
    assert answer.status_code == 422
    assert "This is an emergency line." in answer.text
    assert HOSTILE not in answer.text
    assert SHOWN in answer.text
    assert kept(centre, centre.lemoine_id).timing == "now"


def test_a_code_is_set_never_shown_and_removed(client: TestClient, centre: Centre) -> None:
    refused = client.post(f"{MINE}/code", data={"code": "1234", "again": "1234"})
    assert (refused.status_code, "among the first" in refused.text) == (422, True)
    answer = client.post(f"{MINE}/code", data={"code": "4071", "again": "4071"})
    assert "A code is set" in answer.text
    assert "4071" not in answer.text
    assert matches("4071", kept(centre, centre.lemoine_id).code_hash)
    assert "No code is set" in client.post(f"{MINE}/code/removal").text
    assert kept(centre, centre.lemoine_id).code_hash == ""


def test_nobody_sets_what_is_anothers(client: TestClient, centre: Centre) -> None:
    other = f"{MINE}?practitioner={centre.marchand_id}"
    assert client.get(other).status_code == 404
    assert client.post(other, data=WISHES).status_code == 404
    assert client.get("/practices/1/messages").status_code == 403
    sign_in(client, "olivia")
    assert client.get(MINE).status_code == 403
    assert client.get(f"/practices/1/messages/practitioners/{centre.marchand_id}").status_code == 403
    with centre.database.reading(SEED) as session:
        assert session.get(DispatchPreference, centre.marchand_id) is None


def test_a_supervisor_sets_it_for_a_practitioner_with_a_hostile_name(client: TestClient, centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        session.get_one(Practitioner, centre.marchand_id).name = HOSTILE
    sign_in(client, "solene")
    tab = client.get("/practices/1/messages")
    assert tab.status_code == 200
    assert (HOSTILE in tab.text, SHOWN in tab.text) == (False, True)
    address = f"/practices/1/messages/practitioners/{centre.marchand_id}"
    answer = client.post(address, data=WISHES | {"alternate": str(centre.lemoine_id)})
    assert (answer.status_code, "Saved." in answer.text) == (200, True)
    assert kept(centre, centre.marchand_id).alternate_id == centre.lemoine_id
    assert "12:00, 18:00" in client.get("/practices/1/messages").text
    own = client.post(address, data=WISHES | {"alternate": str(centre.marchand_id)})
    assert (own.status_code, "stands in for themselves" in own.text) == (422, True)
    assert "A code is set" in client.post(f"{address}/code", data={"code": "4071", "again": "4071"}).text
    assert "No code is set" in client.post(f"{address}/code/removal").text

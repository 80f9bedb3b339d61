"""A practice's templates in a supervisor's browser: written, ordered by their digit, corrected, removed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from callcenter.core.db import Database
from callcenter.dispatch.templates import list_templates
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre
from tests.web.pages.messages_cast import HOSTILE, SHOWN, browser, centre_with_accounts, sign_in

ADDRESS = "/practices/1/messages/templates"
TYPED: dict[str, str | list[str]] = {
    "name": "Ordonnance",
    "urgency": "today",
    "deadline_minutes": "120",
    "may_answer": "practice",
    "label": ["Médicament", "Pharmacie", ""],
    "kind": ["text", "choice", "text"],
    "choices": ["", "du Port, de la Gare", ""],
}


@pytest.fixture
def centre(database: Database) -> Centre:
    return centre_with_accounts(database)


@pytest.fixture
def client(centre: Centre, database_url: str) -> Iterator[TestClient]:
    with browser(centre, database_url) as opened:
        sign_in(opened, "solene")
        yield opened


def names(centre: Centre) -> list[tuple[int, str]]:
    with centre.database.reading(SEED) as session:
        return [(one.position, one.name) for one in list_templates(session, centre.cast.practice_id)]


def test_it_is_written_once_listed_corrected_and_removed(client: TestClient, centre: Centre) -> None:
    for _twice in range(2):
        listed = client.post(ADDRESS, data=TYPED)
        assert listed.url.path == "/practices/1/messages"
    assert names(centre) == [(1, "Ordonnance")]
    assert "Médicament, Pharmacie" in listed.text
    form = client.get(f"{ADDRESS}/1").text
    assert 'value="du Port, de la Gare"' in form
    client.post(f"{ADDRESS}/1", data=TYPED | {"name": "Renouvellement"})
    assert names(centre) == [(1, "Renouvellement")]
    client.post(f"{ADDRESS}/1/removal")
    assert names(centre) == []
    assert client.get(f"{ADDRESS}/1").status_code == 404


def test_their_order_is_their_digit(client: TestClient, centre: Centre) -> None:
    for name in ("Ordonnance", "Résultat"):
        client.post(ADDRESS, data=TYPED | {"name": name})
    client.post(f"{ADDRESS}/2/move", data={"where": "up"})
    assert names(centre) == [(1, "Résultat"), (2, "Ordonnance")]


def test_what_is_refused_keeps_what_was_typed(client: TestClient, centre: Centre) -> None:
    refused = client.post(ADDRESS, data=TYPED | {"label": [HOSTILE[:60], "Pharmacie"], "choices": ["", "une seule"]})
    assert (refused.status_code, "2 to 12 answers" in refused.text) == (422, True)
    assert (HOSTILE[:60] in refused.text, SHOWN in refused.text) == (False, True)
    assert names(centre) == []


def test_operators_do_not_change_them(client: TestClient) -> None:
    sign_in(client, "olivia")
    assert client.post(ADDRESS, data=TYPED).status_code == 403

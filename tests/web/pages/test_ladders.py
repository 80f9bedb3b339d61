"""A supervisor changes the ladder of a practice in a browser, row by row, and back again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from callcenter.core.db import Database
from callcenter.dispatch.ladders import own_ladder
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre
from tests.web.pages.messages_cast import browser, centre_with_accounts, sign_in

ADDRESS = "/practices/1/messages/ladder"
TYPED: dict[str, str | list[str]] = {
    "after": ["0", "6"],
    "target": ["addressee", "on_call"],
    "channel": ["own", "phone"],
    "times": ["2", "1"],
    "every": ["3", ""],
    "last": "8",
    "whole_ladder": "1",
}


@pytest.fixture
def centre(database: Database) -> Centre:
    return centre_with_accounts(database)


@pytest.fixture
def client(centre: Centre, database_url: str) -> Iterator[TestClient]:
    with browser(centre, database_url) as opened:
        sign_in(opened, "solene")
        yield opened


def kept(centre: Centre) -> list[tuple[int, str]] | None:
    with centre.database.reading(SEED) as session:
        own = own_ladder(session, centre.cast.practice_id)
    return None if own is None else [(int(one.after.total_seconds()) // 60, one.target) for one in own]


def test_the_default_is_shown_and_why_and_that_what_is_planned_stays(client: TestClient) -> None:
    text = client.get(ADDRESS).text
    assert "five times every two minutes" in text
    assert "keep the ladder they were planned with" in text
    assert "The supervisors" in text
    assert "Back to the default" not in text


def test_it_is_saved_twice_as_one_and_goes_back(client: TestClient, centre: Centre) -> None:
    for _twice in range(2):
        answer = client.post(ADDRESS, data=TYPED)
        assert (answer.status_code, "Saved." in answer.text) == (200, True)
    assert kept(centre) == [(0, "addressee"), (6, "on_call"), (8, "supervisor")]
    assert "Back to the default" in answer.text
    client.post(f"{ADDRESS}/default")
    assert kept(centre) is None


def test_rows_are_added_moved_and_removed_before_anything_is_saved(client: TestClient, centre: Centre) -> None:
    more = client.post(ADDRESS, data=TYPED | {"add": "1"})
    assert more.text.count('name="target"') == 3
    moved = client.post(ADDRESS, data=TYPED | {"later": "0"}).text
    assert moved.index('value="on_call" selected') < moved.index('value="addressee" selected')
    fewer = client.post(ADDRESS, data=TYPED | {"remove": "0"})
    assert fewer.text.count('name="target"') == 1
    assert "Not saved yet." in fewer.text
    assert kept(centre) is None


def test_a_person_cannot_be_removed_nor_come_too_soon_and_half_a_form_saves_nothing(
    client: TestClient, centre: Centre
) -> None:
    assert 'name="last"' in client.post(ADDRESS, data=TYPED | {"remove": "2"}).text
    soon = client.post(ADDRESS, data=TYPED | {"last": "5"})
    assert (soon.status_code, "told until minute 6" in soon.text) == (422, True)
    half = client.post(ADDRESS, data={"after": ["0"], "last": "8"})
    assert (half.status_code, "did not arrive whole" in half.text) == (422, True)
    assert kept(centre) is None


def test_operators_do_not_change_it(client: TestClient) -> None:
    sign_in(client, "olivia")
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, data=TYPED).status_code == 403

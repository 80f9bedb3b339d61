"""Free times as JSON: the same as on the pages, for those who may see the practice, on days that can be looked at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from callcenter.agenda.finding.free_times import list_starts
from callcenter.agenda.models import ServiceType
from callcenter.directory.models import Role
from tests.agenda.cast import Cast, tilleuls
from tests.web.serving import Served, serve

DAY = timedelta(days=1)
_numbers = itertools.count(1)


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    with serve(database_url) as served:
        yield served


def ask(served: Served, role: Role, query: str) -> httpx.Response:
    with httpx.Client(
        base_url=served.url, cookies=served.cookie(served.staff(f"{role}-{next(_numbers)}", role))
    ) as browser:
        return browser.get(f"/agenda/free?{query}")


def of(cast: Cast) -> str:
    return f"practice={cast.practice_id}&type={cast.consultation_id}"


def test_a_week_of_one_practitioner_and_the_first_with_anybody(served: Served) -> None:
    cast = tilleuls(served.database)
    monday = datetime.now(UTC).date() + 14 * DAY
    days = f"first={monday}&last={monday + 6 * DAY}"
    found = ask(served, Role.OPERATOR, f"{of(cast)}&practitioner={cast.practitioner_id}&{days}").json()
    with served.database.unit_of_work(cast.scope) as session:
        kind = session.get_one(ServiceType, cast.consultation_id)
        at = datetime.now(UTC)
        expected = list_starts(session, cast.practitioner_id, kind, first_day=monday, last_day=monday + 6 * DAY, at=at)
    assert found == {"practitioner": cast.practitioner_id, "starts": expected}
    assert len(expected) > 100
    anybody = ask(served, Role.SUPERVISOR, of(cast)).json()
    assert anybody["practitioner"] == cast.practitioner_id
    assert len(anybody["starts"]) == 1


def test_what_cannot_be_answered_is_said_in_a_sentence(served: Served) -> None:
    cast = tilleuls(served.database)
    one = f"{of(cast)}&practitioner={cast.practitioner_id}"
    told = {
        f"{one}&first=2026-12-02&last=2026-12-01": (422, "précède le premier"),
        f"{one}&first=2026-01-01&last=2027-02-05": (422, "400 jours au plus"),
        f"practice={cast.practice_id}&type=999": (404, "n’existe pas"),
        f"practice=999&type={cast.consultation_id}": (404, "n’existe pas"),
        f"{of(cast)}&practitioner=999": (404, "praticien"),
    }
    for query, (status, words) in told.items():
        answer = ask(served, Role.OPERATOR, query)
        assert (answer.status_code, words in answer.json()["sentence"]) == (status, True), answer.text
    assert ask(served, Role.PRACTITIONER, of(cast)).status_code == 403

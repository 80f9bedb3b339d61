"""Regions of the desk are read in lanes of their own: who may, in which language, and what a busy lane says."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Role, Staff
from callcenter.web.deadline import Workers, in_background
from tests.web.serving import MONDAY_0914, Served, serve

SEED = Centre(CentreReason.SEED)
SWAP = {"HX-Request": "true"}
REGIONS = ("/desk/card", "/desk/keys", "/desk/queue", "/desk/status", "/desk/todo")


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, on a port."""
    with serve(sqlite_url) as product:
        yield product


def _browser(served: Served, login: str, role: Role = Role.OPERATOR) -> httpx.Client:
    return httpx.Client(base_url=served.url, cookies=served.cookie(served.staff(login, role)), headers=SWAP)


def test_a_region_is_for_whoever_works_at_a_desk(served: Served) -> None:
    with _browser(served, "camille") as camille, _browser(served, "martin", Role.PRACTITIONER) as martin:
        assert [camille.get(region).status_code for region in REGIONS] == [200] * 5
        assert [martin.get(region).status_code for region in REGIONS] == [403] * 5
    with httpx.Client(base_url=served.url, headers=SWAP) as nobody:
        assert nobody.get("/desk/card").headers["HX-Redirect"] == "/sign-in"


def test_each_is_told_in_her_own_language_whichever_thread_reads(served: Served) -> None:
    with served.database.unit_of_work(SEED) as session:
        session.add(
            Staff(
                login="anna",
                name="Anna",
                first_name="Anna",
                role=Role.OPERATOR,
                password_hash="-",
                created_at=MONDAY_0914,
            )
        )
        session.flush()
        anna_id = session.scalars(select(Staff.id).where(Staff.login == "anna")).one()
    english = served.cookie(anna_id) | {"language": "en"}
    with (
        _browser(served, "camille") as camille,
        httpx.Client(base_url=served.url, cookies=english, headers=SWAP) as anna,
    ):
        for _again in range(6):  # whichever of the lane's threads reads
            assert "Disponible" in camille.get("/desk/status").text
            assert "Available" in anna.get("/desk/status").text


def test_a_ringing_card_does_not_wait_behind_the_lists(served: Served) -> None:
    freed = threading.Event()
    lists: Workers = served.app.state.world.lists
    for _thread in range(2):
        in_background(lists, lambda: freed.wait(10))
    try:
        with _browser(served, "camille") as camille:
            assert camille.get("/desk/card").status_code == 200
            lists.deadline = 0.2
            late = camille.get("/desk/queue")
            assert (late.status_code, late.headers["HX-Retarget"]) == (503, "#notices")
            assert "Rien n’est perdu" in late.text
    finally:
        freed.set()

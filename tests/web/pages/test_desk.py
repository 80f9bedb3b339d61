"""What the desk says of others while no call is on it: only what is so."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, Role
from callcenter.routing.models import Agent, AgentStatus, QueueEntry
from callcenter.telephony.models import Call
from tests.web.serving import MONDAY_0914, Served, serve

SEED = Centre(CentreReason.SEED)


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, with one caller who waits."""
    with serve(sqlite_url) as product:
        with product.database.unit_of_work(SEED) as session:
            practice = Practice(code="t", name="Cabinet des Tilleuls", short_name="T", created_at=MONDAY_0914)
            session.add(practice)
            session.flush()
            line = PracticeLine(practice_id=practice.id, number="+33199004217", label="Accueil")
            session.add(line)
            session.flush()
            call = Call(
                practice_id=practice.id,
                line_id=line.id,
                sid="CA1",
                from_number="+33639981472",
                received_at=MONDAY_0914,
            )
            session.add(call)
            session.flush()
            session.add(QueueEntry(practice_id=practice.id, call_id=call.id, joined_at=MONDAY_0914))
        yield product


def at_work(served: Served, staff_id: int, status: AgentStatus) -> None:
    with served.database.unit_of_work(SEED) as session:
        agent = session.get(Agent, staff_id) or Agent(staff_id=staff_id)
        agent.status, agent.status_since = status, MONDAY_0914
        agent.lease_until, agent.missed_call = MONDAY_0914 + timedelta(hours=1), False
        session.add(agent)


def said(browser: httpx.Client, region: str) -> str:
    """The words of a region, without its markup."""
    return " ".join(
        re.sub(r"<[^>]*>", " ", browser.get(f"/desk/{region}", headers={"HX-Request": "true"}).text).split()
    )


@pytest.mark.parametrize("others", [AgentStatus.OFFLINE, AgentStatus.BREAK])
def test_in_a_pause_the_queue_goes_to_colleagues_only_where_there_are_some(served: Served, others: AgentStatus) -> None:
    camille, ines = served.staff("camille", Role.OPERATOR), served.staff("ines", Role.OPERATOR)
    at_work(served, camille, AgentStatus.BREAK)
    at_work(served, ines, others)
    with httpx.Client(base_url=served.url, cookies=served.cookie(camille)) as browser:
        assert "Personne d’autre n’est en poste : qui appelle vous attend." in said(browser, "card")
        at_work(served, camille, AgentStatus.AVAILABLE)
        assert "1 appel attend. " in said(browser, "card")
        at_work(served, ines, AgentStatus.ON_CALL)
        assert "1 appel attend, proposé à vos collègues." in said(browser, "card")
        at_work(served, camille, AgentStatus.BREAK)
        assert "La file va à vos collègues." in said(browser, "card")


def test_a_window_whose_desk_is_open_elsewhere_does_not_say_that_nobody_waits(served: Served) -> None:
    camille = served.staff("camille", Role.OPERATOR)
    at_work(served, camille, AgentStatus.AVAILABLE)
    with httpx.Client(base_url=served.url, cookies=served.cookie(camille)) as first:
        assert "Cabinet des Tilleuls" in first.get("/desk").text
        with httpx.Client(base_url=served.url, cookies=served.cookie(camille)) as second:
            assert second.post("/agent/desk").status_code == 303
            assert "Cabinet des Tilleuls" in said(second, "queue")
        assert "Visible là où votre poste est ouvert." in said(first, "queue")
        assert "Personne" not in said(first, "queue")

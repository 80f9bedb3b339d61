"""The supervisor's page over HTTP: who may read it, each region alone, sending a text again."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, Role
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.routing.models import Callback, CallbackReason, CallbackStatus
from callcenter.telephony.models import Call
from tests.web.serving import MONDAY_0914, Served, serve

SEED = Centre(CentreReason.SEED)
SWAP = {"HX-Request": "true"}


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, with one practice and one text that the carrier refused."""
    with serve(sqlite_url) as product:
        with product.database.unit_of_work(SEED) as session:
            practice = Practice(code="t", name="Cabinet <des> Tilleuls", short_name="T", created_at=MONDAY_0914)
            session.add(practice)
            session.flush()
            session.add(
                OutboxMessage(
                    practice_id=practice.id,
                    dedupe_key="appointment-booked-1",
                    kind="appointment_booked",
                    to_number="+33639982050",
                    body="Rendez-vous",
                    status=OutboxStatus.FAILED,
                    created_at=MONDAY_0914,
                    due_at=MONDAY_0914,
                    attempts=3,
                    error="Unreachable destination handset",
                )
            )
        yield product


def _browser(served: Served, role: Role) -> httpx.Client:
    return httpx.Client(base_url=served.url, cookies=served.cookie(served.staff(role.value, role)))


def test_the_board_is_the_supervisors_and_the_administrators(served: Served) -> None:
    statuses = {}
    for role in Role:
        with _browser(served, role) as browser:
            statuses[role] = browser.get("/board").status_code
    assert statuses == {
        Role.OPERATOR: 403,
        Role.SUPERVISOR: 200,
        Role.PRACTITIONER: 403,
        Role.ADMINISTRATOR: 200,
    }
    answer = httpx.get(f"{served.url}/board", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    answer = httpx.get(f"{served.url}/board/waiting", headers=SWAP)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/sign-in")


@pytest.mark.parametrize("region", ["waiting", "agents", "outbox", "incidents"])
def test_a_region_is_answered_alone_and_names_itself(served: Served, region: str) -> None:
    with _browser(served, Role.SUPERVISOR) as browser:
        alone = browser.get(f"/board/{region}", headers=SWAP).text
        assert alone.lstrip().startswith(f'<section id="board-{region}"')
        assert alone.count(f'hx-get="/board/{region}"') == 1
        assert "<html" not in alone


def test_why_a_text_failed_is_told_in_the_readers_words(served: Served) -> None:
    with _browser(served, Role.SUPERVISOR) as browser:
        page = browser.get("/board").text
        assert "l’opérateur téléphonique ne l’a pas pris" in page
        assert "Unreachable destination handset" not in page
        with served.database.unit_of_work(SEED) as session:
            session.get_one(OutboxMessage, 1).error = "undelivered 30003"
        assert (
            'le téléphone est éteint ou hors de portée <span class="num">(30003)</span>' in browser.get("/board").text
        )


@pytest.fixture
def unreached(served: Served) -> int:
    """A caller of two days ago whom three tries did not reach."""
    with served.database.unit_of_work(SEED) as session:
        line = PracticeLine(practice_id=1, number="+33199004217", label="Accueil")
        session.add(line)
        session.flush()
        opened_at = MONDAY_0914 - timedelta(days=2)
        call = Call(practice_id=1, line_id=line.id, sid="CA1", from_number="+33639980042", received_at=opened_at)
        session.add(call)
        session.flush()
        owed = Callback(
            practice_id=1,
            number="+33639980042",
            reason=CallbackReason.ABANDONED,
            status=CallbackStatus.UNREACHED,
            call_id=call.id,
            opened_at=opened_at,
            not_before=opened_at,
            attempts=3,
            closed_at=opened_at,
        )
        session.add(owed)
        session.flush()
        return owed.id


def test_who_could_not_be_rung_back_is_put_on_the_list_again(served: Served, unreached: int) -> None:
    retry = f"/callbacks/{unreached}/retry"
    with _browser(served, Role.OPERATOR) as browser:
        assert browser.post(retry, headers=SWAP).status_code == 403
    with _browser(served, Role.SUPERVISOR) as browser:
        page = browser.get("/board/incidents", headers=SWAP).text
        assert "06 39 98 00 42" in page
        assert "sam. 21 nov." in page
        again = browser.post(retry, headers=SWAP)
        assert again.status_code == 200
        assert again.text.lstrip().startswith('<section id="board-incidents"')
        assert "06 39 98 00 42" not in again.text
        assert browser.post(retry, headers=SWAP).status_code == 409
    with served.database.reading(SEED) as session:
        assert session.get_one(Callback, unreached).status == CallbackStatus.OPEN


def test_an_emergency_that_could_not_be_rung_back_says_so(served: Served, unreached: int) -> None:
    with _browser(served, Role.SUPERVISOR) as browser:
        assert "urgence" not in browser.get("/board/incidents", headers=SWAP).text
        with served.database.unit_of_work(SEED) as session:
            session.get_one(Callback, unreached).urgent = True
        row = browser.get("/board/incidents", headers=SWAP).text.split(f'id="unreached-{unreached}"')[1]
        said = r'<span class="badge late"><svg.*?</svg> urgence</span> <b[^>]*>06 39 98 00 42'
        assert re.search(said, row, re.DOTALL)


def test_who_could_not_be_rung_back_is_settled_with_a_reason(served: Served, unreached: int) -> None:
    settlement = f"/callbacks/{unreached}/settlement"
    with _browser(served, Role.OPERATOR) as browser:
        assert browser.post(settlement, data={"decision": "x"}).status_code == 403
    with _browser(served, Role.SUPERVISOR) as browser:
        assert "06 39 98 00 42" in browser.get(settlement).text
        refused = browser.post(settlement, data={"decision": " "})
        assert refused.status_code == 422
        assert "Dites ce qui a été décidé." in refused.text
        done = browser.post(settlement, data={"decision": "Son médecin lui a écrit."})
        assert (done.status_code, done.headers["location"]) == (303, "/board")
        assert "06 39 98 00 42" not in browser.get("/board").text
        assert browser.get(settlement).status_code == 409
    with served.database.reading(SEED) as session:
        kept = session.get_one(Callback, unreached)
        assert (kept.status, kept.decision) == (CallbackStatus.SETTLED, "Son médecin lui a écrit.")


def test_a_failed_text_is_sent_again_once_and_names_stay_text(served: Served) -> None:
    with _browser(served, Role.SUPERVISOR) as browser:
        page = browser.get("/board").text
        assert "Cabinet &lt;des&gt; Tilleuls" in page
        assert "06 39 98 20 50" in page
        sent = browser.post("/outbox/1/retry", headers=SWAP)
        assert sent.status_code == 200
        assert 'id="board-outbox"' in sent.text
        assert "Non remis</span>" not in sent.text
    with served.database.reading(SEED) as session:
        assert session.get_one(OutboxMessage, 1).status == OutboxStatus.PENDING


def test_a_failed_e_mail_shows_its_address_and_its_reason_and_is_sent_again(served: Served) -> None:
    with served.database.unit_of_work(SEED) as session:
        text = session.get_one(OutboxMessage, 1)
        mail = OutboxMessage(
            practice_id=text.practice_id,
            dedupe_key="notice-1",
            kind="message_notice",
            channel=OutboxChannel.EMAIL,
            to_email="<b>lemoine</b>@cabinet.example",
            subject="Message",
            body="https://centre.example.org/m/abc",
            status=OutboxStatus.FAILED,
            created_at=MONDAY_0914,
            due_at=MONDAY_0914,
            attempts=1,
            error="552 5.2.2 Mailbox full",
        )
        session.add(mail)
    with _browser(served, Role.SUPERVISOR) as browser:
        page = browser.get("/board/outbox", headers=SWAP).text
        assert "&lt;b&gt;lemoine&lt;/b&gt;@cabinet.example" in page
        assert re.search(r"cette boîte est pleine\s+<span class=\"num\">\(552\)", page)
        assert browser.post("/outbox/2/retry", headers=SWAP).status_code == 200
    with served.database.reading(SEED) as session:
        assert session.get_one(OutboxMessage, 2).status == OutboxStatus.PENDING


def test_a_refusal_is_a_notice_beside_what_is_on_screen(served: Served) -> None:
    with _browser(served, Role.SUPERVISOR) as browser:
        refused = browser.post("/outbox/99/retry", headers=SWAP)
        assert (refused.status_code, refused.headers["hx-retarget"]) == (404, "#notices")
        assert refused.text.lstrip().startswith('<p class="toast"')
        assert "Ce SMS n’existe pas." in refused.text
        whole = browser.post("/outbox/99/retry")
        assert whole.status_code == 404
        assert "<h1>Ce SMS n’existe pas.</h1>" in whole.text

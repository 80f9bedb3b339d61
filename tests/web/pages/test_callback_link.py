"""The page behind the address in a text: light, without a script, harmless to open, and calm when it is late."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text, update

import callcenter.web
from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.directory.models import Practice, PracticeLine
from callcenter.main import create_app
from callcenter.messaging.callback_links import send_due_links
from callcenter.messaging.models import OutboxMessage
from callcenter.routing.models import Callback, CallbackLink, QueueEntry
from callcenter.telephony.models import Call
from callcenter.telephony.state import LegNews
from tests.floor import ALL, PATIENT, Floor

STATIC = Path(callcenter.web.__file__).parent / "static"
PUBLIC = "https://centre.example.org"
NOBODYS = "a" * 26
MOST = 20_000  # bytes, styles included


@dataclass
class Phone:
    """A patient's browser, and the product it speaks with."""

    client: TestClient
    floor: Floor

    def waits(self, *, from_number: str = PATIENT) -> int:
        """She has waited for a minute, and her text has been written."""
        call_id = self.floor.ring(from_number=from_number)
        self.floor.hear(self.floor.patient_leg(call_id), LegNews.JOINED)
        self.floor.clock.advance(timedelta(seconds=61))
        assert send_due_links(self.floor.database, self.floor.clock, settings=self.floor.settings) == 1
        return call_id

    @property
    def path(self) -> str:
        """What her text leads to."""
        [row] = self.floor.rows(OutboxMessage)["outbox_message"]
        return str(row["body"]).partition(PUBLIC)[2]

    def open(self, path: str | None = None) -> Response:
        return self.client.get(path or self.path, follow_redirects=False)

    def press(self, path: str | None = None, **headers: str) -> Response:
        """The form's own post, as a browser of today sends it."""
        sent = {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"} | headers
        return self.client.post(path or self.path, headers=sent, follow_redirects=False)


@pytest.fixture
def phone(database_url: str) -> Iterator[Phone]:
    settings = load_settings(
        database_url=database_url,
        public_url=PUBLIC,
        secret_key="s" * 40,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        calls_per_second=100,
        jobs=False,
    )
    database = Database(database_url)
    floor = Floor(database, settings=settings)
    app = create_app(settings, clock=floor.clock, provider=floor.provider)
    with TestClient(app, base_url=PUBLIC) as client:
        yield Phone(client, floor)
    database.close()


def standing(page: Response) -> str:
    found = re.search(r'data-standing="(\w+)"', page.text)
    return found[1] if found else ""


def words(page: Response) -> str:
    body = page.text.partition("<body>")[2].replace("\u202f", " ").replace("\xa0", " ")
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_it_is_light_has_no_script_and_loads_nothing_but_its_styles(phone: Phone) -> None:
    phone.waits()
    page = phone.open()
    assert (page.status_code, standing(page)) == (200, "waiting")
    loaded = re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text)
    styles = [one for one in loaded if one.startswith("/static/")]
    assert [one.partition("?")[0] for one in styles] == ["/static/css/patient.css"]
    assert [one for one in loaded if one not in styles] == ["data:,"]
    css = phone.client.get(styles[0])
    assert (css.status_code, css.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert len(page.content) + len(css.content) < MOST
    assert not re.search(r"<script|\son\w+=|style=|<style|url\(|@import", page.text + css.text)


def test_its_headers_keep_it_out_of_caches_and_indexes_and_let_its_form_be_sent(phone: Phone) -> None:
    phone.waits()
    for answer in (phone.open(), phone.press(), phone.open(f"/r/{NOBODYS}")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "style-src 'self'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
    # Other pages go on telling nobody where they were opened.
    assert phone.client.get("/sign-in").headers["referrer-policy"] == "no-referrer"


def test_opening_it_changes_nothing_however_often_and_by_whichever_scanner(phone: Phone) -> None:
    phone.waits()
    before = phone.floor.rows(Callback, CallbackLink, Call, QueueEntry)
    for _ in range(3):
        assert phone.open().status_code == 200
        head = phone.client.head(phone.path)
        assert (head.status_code, head.content) == (200, b"")
    assert phone.floor.rows(Callback, CallbackLink, Call, QueueEntry) == before


def test_she_presses_twice_and_is_promised_one_call(phone: Phone) -> None:
    call_id = phone.waits()
    for _ in range(2):
        answer = phone.press()
        assert (answer.status_code, answer.headers["location"]) == (303, phone.path)
    page = phone.open()
    assert standing(page) == "promised"
    assert "<form" not in page.text
    assert "Vous pouvez raccrocher : votre place est gardée." in words(page)
    [owed] = phone.floor.rows(Callback)["callback"]
    assert (owed["reason"], owed["call_id"]) == ("asked", call_id)
    outbound = [row for row in phone.floor.rows(Call)["call"] if row["direction"] == "outbound"]
    assert len(outbound) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 303),
    ],
)
def test_a_form_of_another_site_is_refused(phone: Phone, headers: dict[str, str], status: int) -> None:
    phone.waits()
    assert phone.press(**headers).status_code == status
    assert len(phone.floor.rows(Callback)["callback"]) == int(status == 303)


def test_pressed_too_late_it_says_how_her_call_stands(phone: Phone) -> None:
    call_id = phone.waits()
    phone.floor.hire("Ines")
    leg = phone.floor.accept("Ines")
    phone.floor.hear(leg.id, LegNews.JOINED)
    assert phone.press().status_code == 303
    page = phone.open()
    assert (standing(page), "Quelqu’un prend votre appel" in words(page)) == ("answered", True)
    assert "Restez en ligne." in words(page)
    phone.floor.hear(phone.floor.patient_leg(call_id), LegNews.HUNG_UP)
    page = phone.open()
    assert standing(page) == "over"
    assert 'href="tel:+33199001234">01 99 00 12 34<' in page.text
    assert phone.floor.rows(Callback)["callback"] == []


def test_after_she_hung_up_she_reads_that_she_is_on_the_list_and_how_to_ring(phone: Phone) -> None:
    call_id = phone.waits()
    phone.floor.hear(phone.floor.patient_leg(call_id), LegNews.HUNG_UP)
    page = phone.open()
    assert standing(page) == "noted"
    assert "Il est sur la liste de ceux que nous rappelons." in words(page)
    assert "Vous pouvez aussi nous appeler : 01 99 00 12 34" in words(page)


@pytest.mark.parametrize(
    "path",
    [
        f"/r/{NOBODYS}",
        "/r/x",
        "/r/%00",
        "/r/%F0%9F%98%80",
        "/r/%3C%2FSay%3E%3CDial%3E",
        "/r/' OR 1=1",
        f"/r/{'a' * 6000}",
    ],
)
def test_an_unknown_address_and_one_whose_time_is_over_get_the_same_calm_page(phone: Phone, path: str) -> None:
    phone.waits()
    own = phone.path
    phone.floor.clock.advance(timedelta(hours=2))
    old = phone.open(own)
    for answer in (phone.open(path), phone.press(path), old, phone.press(own)):
        assert (answer.status_code, standing(answer)) == (404, "unknown")
        assert answer.text == old.text
    assert "Ce lien n’est plus valable" in words(old)
    assert "Lilas" not in old.text
    assert phone.floor.rows(Callback)["callback"] == []


def test_no_hostile_name_gets_out_of_its_place(phone: Phone) -> None:
    hostile = "</p><script>alert(1)</script>"
    with phone.floor.database.unit_of_work(ALL) as session:
        session.execute(
            update(Practice).values(short_name=hostile, name="Cardiologie du Port", emergency_sentence="<b>15</b> 😀")
        )
    phone.waits()
    page = phone.open()
    assert "<script" not in page.text
    assert "&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "&lt;b&gt;15&lt;/b&gt; 😀" in page.text
    # Whoever holds the telephone may read it: neither what the practice treats nor who has rung.
    assert "Cardiologie" not in page.text
    assert PATIENT not in page.text
    assert "06 39" not in page.text


def test_it_speaks_the_practices_language_and_names_its_emergency_number(phone: Phone) -> None:
    phone.waits()
    assert 'lang="fr"' in phone.open().text
    assert "En cas d’urgence vitale, raccrochez et composez le 15." in words(phone.open())
    with phone.floor.database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(language="en", country="BE"))
    page = phone.open()
    assert 'lang="en"' in page.text
    assert "Call me back" in words(page)
    assert "dial 112." in words(page)


def test_a_line_that_no_longer_offers_call_backs_keeps_the_word_it_gave(phone: Phone) -> None:
    phone.waits()
    with phone.floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(callback_after=0))
    phone.press()
    assert standing(phone.open()) == "promised"


def test_the_address_stands_in_no_log_whatever_happens(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    phone.waits()
    own = phone.path
    token = own.removeprefix("/r/")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpx2").setLevel(logging.CRITICAL)  # the test's own browser
        phone.open()
        phone.press()
        with phone.floor.database.engine.connect() as connection, connection.begin():
            connection.execute(text("ALTER TABLE callback_link RENAME TO mislaid"))
        for answer in (phone.open(own), phone.press(own)):
            assert (answer.status_code, standing(answer)) == (503, "later")
            assert "Si vous êtes en ligne, restez-y" in words(answer)
        assert phone.client.put(own).status_code == 405
    assert "could not be read" in caplog.text
    assert token not in caplog.text

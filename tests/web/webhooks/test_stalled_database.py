"""The database stops answering while patients ring: each is answered all the same, and queued once it is back."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from callcenter.core.db import Database
from callcenter.directory.models import Practice, PracticeLine, Role
from callcenter.local.proxy import Proxy
from callcenter.routing.models import QueueEntry
from callcenter.telephony.models import Call
from tests.floor import ALL, LINE, MONDAY, PATIENT
from tests.web.serving import Served, serve

CALLERS = [f"CA{number:032x}" for number in range(20)]


@dataclass
class StalledProduct:
    """A product on a real port whose database can be made to hang; ``direct_url`` looks at it past the fault."""

    served: Served
    direct_url: str
    proxy: Proxy | None

    @contextmanager
    def stall(self) -> Iterator[None]:
        """Meanwhile nothing comes back from the database: its line is dead, or another writer holds it."""
        if self.proxy is not None:
            self.proxy.stall()
            try:
                yield
            finally:
                self.proxy.resume()
            return
        writer = sqlite3.connect(self.direct_url.removeprefix("sqlite:///"), isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            writer.execute("ROLLBACK")
            writer.close()

    def post(self, path: str, **params: str) -> httpx.Response:
        form = {"AccountSid": "AC" + "0" * 32, **params}
        signature = RequestValidator("token").compute_signature(self.served.url + path, form)
        return httpx.post(self.served.url + path, data=form, headers={"X-Twilio-Signature": signature}, timeout=20)

    def ring(self, sid: str) -> httpx.Response:
        return self.post("/twilio/voice", CallSid=sid, To=LINE, From=PATIENT, CallStatus="ringing", Direction="inbound")

    def ring_at_once(self, sids: list[str]) -> dict[str, httpx.Response]:
        answers: dict[str, httpx.Response] = {}
        callers = [threading.Thread(target=lambda sid=sid: answers.update({sid: self.ring(sid)})) for sid in sids]  # type: ignore[misc]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        return answers

    def open_pages(self, count: int, cookies: dict[str, str]) -> list[threading.Thread]:
        """So many people open a page that needs the database."""

        def look() -> None:
            httpx.get(f"{self.served.url}/board", cookies=cookies, timeout=60)

        pages = [threading.Thread(target=look) for _ in range(count)]
        for page in pages:
            page.start()
        return pages

    def settle(self) -> None:
        """Until the product has done what it had begun."""
        world = self.served.app.state.world
        world.voice.drain()
        world.reports.drain()

    def queued(self) -> list[str]:
        """The callers in the queue, one line for each place."""
        database = Database(self.direct_url)
        with database.reading(ALL) as session:
            found = session.scalars(select(Call.sid).join(QueueEntry, QueueEntry.call_id == Call.id)).all()
        database.close()
        return sorted(found)


@pytest.fixture
def stalled(database_url: str) -> Iterator[StalledProduct]:
    database = Database(database_url)
    with database.unit_of_work(ALL) as session:
        practice = Practice(code="lilas", name="Lilas", short_name="Lilas", created_at=MONDAY)
        session.add(practice)
        session.flush()
        session.add(
            PracticeLine(practice_id=practice.id, number=LINE, label="Accueil", gate_per_minute=0, callback_after=0)
        )
    database.close()
    proxy, url = None, database_url
    if database_url.startswith("postgresql"):
        port = urlsplit(database_url).port
        assert port is not None
        proxy = Proxy("127.0.0.1", port)
        url = database_url.replace(f":{port}/", f":{proxy.port}/")
    with serve(url) as served:
        yield StalledProduct(served, database_url, proxy)
    if proxy is not None:
        proxy.close()


@pytest.mark.timeout(90)
def test_whoever_rings_during_a_stall_is_answered_and_queued_once_it_is_over(stalled: StalledProduct) -> None:
    product = stalled
    assert product.ring(CALLERS[0]).text.count("<Say") == 0  # all is well: no sentence in front
    with product.stall():
        answers = product.ring_at_once(CALLERS[1:])
        waiting = [
            product.post("/twilio/wait", CallSid=sid, To=LINE, From=PATIENT, Direction="inbound") for sid in CALLERS[:3]
        ]
        again = product.post("/twilio/dial-done", CallSid=CALLERS[1], CallStatus="in-progress")
    for sid, answer in answers.items():
        assert answer.status_code == 200
        document = ET.fromstring(answer.text)
        assert document.findtext("Dial/Conference") == f"call-{sid}"
        assert "composez le 15" in (document.findtext("Say") or "")
    assert all("<Play" in answer.text for answer in waiting)
    assert f"call-{CALLERS[1]}</Conference>" in again.text

    product.settle()
    for sid in CALLERS:  # their rooms' music ends and begins again
        product.post("/twilio/wait", CallSid=sid, To=LINE, From=PATIENT, Direction="inbound")
    product.settle()
    assert product.queued() == sorted(CALLERS)


def test_pages_that_hang_keep_no_caller_waiting(stalled: StalledProduct) -> None:
    supervisor = stalled.served.cookie(stalled.served.staff("sofia", Role.SUPERVISOR))
    with stalled.stall():
        hanging = stalled.open_pages(60, supervisor)
        time.sleep(0.5)
        answer = stalled.ring(CALLERS[0])
        assert f"call-{CALLERS[0]}</Conference>" in answer.text
        assert "composez le 15" in answer.text
        forged = httpx.post(f"{stalled.served.url}/twilio/voice", data={"CallSid": CALLERS[1]}, timeout=20)
        assert forged.status_code == 403
        if stalled.proxy is not None:  # a reader of SQLite is not kept waiting by a writer
            assert all(page.is_alive() for page in hanging), "the database was not stalled"
    for page in hanging:
        page.join()

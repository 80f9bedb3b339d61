"""The whole product and the carrier's stand-in, each on a real port, and a real browser in front of them."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from callcenter.carrier.app import create_carrier
from callcenter.carrier.settings import CarrierSettings
from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import create_staff
from callcenter.directory.models import Role
from callcenter.main import create_app

# A screen that follows at once on a quiet machine may need its time on one that runs everything else beside it.
expect.set_options(timeout=20_000)

PASSWORD = "tilleuls-et-marronniers"
LINE = "+33199004217"
PATIENT = "+33639981472"
SID, TOKEN = "AC" + "5e" * 16, "4" * 32
_KEY, _KEY_SECRET = "SK" + "5e" * 16, "6" * 32


@dataclass
class Town:
    """A product that runs, the carrier it talks to, and the clock both live by."""

    url: str
    carrier_url: str
    database: Database
    offset: timedelta
    browser: Browser
    context_args: dict[str, Any]
    stop_carrier: Callable[[], None]
    start_carrier: Callable[[], None]
    said: deque[str] = field(default_factory=lambda: deque(maxlen=150))  # what its browsers said and asked last

    def now(self) -> datetime:
        """The installation's instant."""
        return datetime.now(UTC) + self.offset

    def account(self, login: str, name: str, role: Role, *, endpoint: str = "") -> int:
        """Open an account as the command line does."""
        with self.database.unit_of_work(Centre(CentreReason.SEED)) as session:
            staff = create_staff(
                session,
                login=login,
                name=name,
                first_name=name.split()[0],
                role=role,
                password=PASSWORD,
                endpoint=endpoint,
                at=self.now(),
            )
            session.flush()
            return staff.id

    def sign_in(self, login: str, **context_args: Any) -> Page:
        """A browser of her own, signed in; ``context_args`` say what device it runs on."""
        page = self.browser.new_context(**(self.context_args | context_args), base_url=self.url).new_page()
        page.set_default_timeout(10_000)
        self._listen_to(page, login)
        # The form is sent without being drawn: some story types into it, the others only need what it answers.
        page.request.post("/sign-in", form={"login": login, "password": PASSWORD}, headers={"Origin": self.url})
        page.goto("/")
        return page

    def sign_in_by_typing(self, login: str) -> Page:
        """A browser of her own, signed in at its form."""
        page = self.browser.new_context(**self.context_args, base_url=self.url).new_page()
        page.set_default_timeout(10_000)
        page.goto("/sign-in")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def _listen_to(self, page: Page, login: str) -> None:
        began = time.monotonic()

        def note(words: str) -> None:
            self.said.append(f"{time.monotonic() - began:7.2f} {login}: {words}")

        page.on("console", lambda message: note(f"says {message.text}"))
        page.on("pageerror", lambda error: note(f"fault {error}"))
        page.on("requestfailed", lambda asked: note(f"no answer to {asked.method} {asked.url}: {asked.failure}"))
        page.on("response", lambda answer: note(f"{answer.status} {answer.request.method} {answer.url}"))

    def dial(self, *, number: str = PATIENT, line: str = LINE) -> str:
        """Somebody rings a practice; the SID of the call."""
        answer = httpx.post(f"{self.carrier_url}/network/calls", json={"from": number, "to": line})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sid"])

    def texts(self, number: str = PATIENT) -> list[str]:
        """What arrived on a patient's telephone."""
        found = httpx.get(f"{self.carrier_url}/network/messages", params={"to": number}).json()
        return [str(one["body"]) for one in found]

    def mails(self, address: str) -> list[dict[str, Any]]:
        """The e-mails that arrived at an address, oldest first: ``subject``, ``body``, ``from``, ``copies``."""
        found: list[dict[str, Any]] = httpx.get(f"{self.carrier_url}/network/mails", params={"to": address}).json()
        return found


@pytest.fixture
def town(sqlite_url: str, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Town]:
    """An empty installation, on a Monday at nine in Paris."""
    with open_town(sqlite_url, browser, browser_context_args) as opened:
        yield opened


@contextmanager
def open_town(
    database_url: str, browser: Browser, context_args: dict[str, Any], **settings_of_town: Any
) -> Iterator[Town]:
    """An installation on this migrated, empty database; whatever setting a story needs may be given."""
    product_socket, carrier_socket, smtp_socket = _listen(), _listen(), _listen()
    url, carrier_url = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (product_socket, carrier_socket))
    # Past the full hour: a time at 8:00 would be offered by a quick machine and be gone a moment later.
    offset = datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC) - datetime.now(UTC)
    carrier_settings = CarrierSettings(
        account_sid=SID,
        auth_token=TOKEN,
        api_key_sid=_KEY,
        api_key_secret=_KEY_SECRET,
        voice_url=f"{url}/twilio/voice",
        voice_status_url=f"{url}/twilio/call-status",
    )
    particulars: dict[str, Any] = {
        "database_url": database_url,
        "public_url": url,
        "secret_key": "story " * 8,
        "twilio_account_sid": SID,
        "twilio_auth_token": TOKEN,
        "twilio_base_url": carrier_url,
        "twilio_api_key_sid": _KEY,
        "twilio_api_key_secret": _KEY_SECRET,
        "softphone_sdk_url": f"{carrier_url}/sdk/voice-sdk.js",
        "sms_sender": "Callcenter",
        "smtp_url": f"smtp://127.0.0.1:{smtp_socket.getsockname()[1]}",
        "mail_from": "Secrétariat <secretariat@callcenter.example>",
        "calls_per_second": 100,
        "clock_offset_seconds": offset.total_seconds(),
    }
    settings = load_settings(**particulars | settings_of_town)
    product = create_app(settings)
    port, smtp_port = carrier_socket.getsockname()[1], smtp_socket.getsockname()[1]
    carriers = [_serve(create_carrier(carrier_settings, smtp=smtp_socket), carrier_socket)]
    stop_product = _serve(product, product_socket)
    opened = Town(
        url,
        carrier_url,
        product.state.world.database,
        offset,
        browser,
        context_args,
        stop_carrier=lambda: carriers.pop()(),
        start_carrier=lambda: carriers.append(
            _serve(create_carrier(carrier_settings, smtp=_listen(smtp_port)), _listen(port))
        ),
    )
    yield opened
    for line in opened.said:
        print(line)  # shown beside a story that failed
    for context in browser.contexts:
        context.close()
    for stop in (stop_product, *carriers):
        stop()


def _listen(port: int = 0) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _serve(app: Any, bound: socket.socket) -> Callable[[], None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(10)
        bound.close()

    return stop

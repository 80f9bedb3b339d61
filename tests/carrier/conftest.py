"""A carrier on a real port, its clock moved by hand."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from twilio.rest import Client

from callcenter.carrier.app import create_carrier
from callcenter.carrier.clock import ManualClock
from callcenter.carrier.settings import CarrierSettings
from tests.carrier.running import SID, TOKEN, WAITING_ROOM, Product, Rebased, Running
from tests.carrier.twilio_document import Checked


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts a carrier with the settings given; every exchange with it must be as Twilio's description says."""
    stops: list[Callable[[], None]] = []
    watched: list[Checked] = []

    def begin(clock: Any = None, **settings: Any) -> Running:
        product = Product()
        outbound = httpx.AsyncClient(
            transport=httpx.ASGITransport(product.app()), mounts={"all://127.0.0.1": httpx.AsyncHTTPTransport()}
        )
        settings = {"voice_url": "http://product/voice", "voice_status_url": "http://product/call-ended"} | settings
        given = CarrierSettings(account_sid=SID, auth_token=TOKEN, **settings)
        smtp = socket.socket()
        smtp.bind(("127.0.0.1", 0))
        app = create_carrier(given, clock or ManualClock(), client=outbound, smtp=smtp)
        checked = Checked(app)
        watched.append(checked)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(checked, log_level="error", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        http = httpx.Client(base_url=base, timeout=40)
        session = Rebased(base)

        def stop() -> None:
            http.close()
            if session.session is not None:
                session.session.close()
            app.state.carrier.network.close()
            server.should_exit = True
            thread.join(10)
            bound.close()

        stops.append(stop)
        return Running(base, product, http, Client(SID, TOKEN, http_client=session), checked, smtp.getsockname()[1])

    yield begin
    for stop in stops:
        stop()
    assert [told for one in watched for told in one.complaints] == []


@pytest.fixture
def carrier(start: Callable[..., Running]) -> Running:
    """A carrier whose practice lets callers wait in a conference of their own."""
    running = start()
    running.product.documents["voice"] = WAITING_ROOM
    running.product.documents["waiting"] = "<Response><Say>Un instant.</Say><Play loop='0'>/music.mp3</Play></Response>"
    return running

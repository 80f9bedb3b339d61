"""The carrier's side of the webhooks: requests signed as it signs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from twilio.request_validator import RequestValidator

from callcenter.core.db import Database
from callcenter.web import webhooks
from callcenter.web.context import World
from tests.floor import LINE, PATIENT, Floor


@dataclass
class Carrier:
    """Posts webhooks to the product."""

    client: TestClient
    floor: Any  # a ``Floor``, or another centre with settings, database, clock and provider

    @property
    def world(self) -> World:
        found: World = self.client.app.state.world  # type: ignore[attr-defined]
        return found

    def post(self, path: str, *, token: str = "token", signature: str | None = None, **params: str) -> Response:
        """Post it; what the product still does behind its answer is done, too, when this returns."""
        answer = self.post_only(path, token=token, signature=signature, **params)
        self.world.voice.drain()
        self.world.reports.drain()
        return answer

    def post_only(self, path: str, *, token: str = "token", signature: str | None = None, **params: str) -> Response:
        form = {"AccountSid": self.floor.settings.twilio_account_sid, **params}
        signed = RequestValidator(token).compute_signature(self.floor.settings.public_url + path, form)
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        if signature == "":
            headers = {}
        return self.client.post(path, data=form, headers=headers)

    def ring(self, sid: str, **params: str) -> Response:
        return self.post(
            "/twilio/voice", **{"CallSid": sid, "To": LINE, "From": PATIENT, "CallStatus": "ringing"} | params
        )


@pytest.fixture
def floor(database: Database) -> Floor:
    return Floor(database)


@pytest.fixture
def carrier(floor: Floor) -> Iterator[Carrier]:
    with open_carrier(floor) as carrier:
        yield carrier


@contextmanager
def open_carrier(floor: Any) -> Iterator[Carrier]:
    """The product's webhooks for this centre."""
    app = FastAPI()
    app.state.world = World(
        settings=floor.settings, database=floor.database, clock=floor.clock, provider=floor.provider
    )
    app.include_router(webhooks.router)
    app.state.world.lines.refresh(floor.database)
    with TestClient(app, base_url="http://elsewhere.internal") as client:
        yield Carrier(client, floor)
    for workers in (app.state.world.voice, app.state.world.reports):
        workers.close(timeout=5)

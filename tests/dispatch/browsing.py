"""The messages' practice behind the whole product, for tests that open its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from callcenter.core.config import load_settings
from callcenter.desk.models import CallNote
from callcenter.directory.accounts import open_session
from callcenter.directory.models import PracticeLine
from callcenter.main import create_app
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.web.context import SESSION_COOKIE
from tests.agenda.cast import SEED
from tests.dispatch.cast import Centre, centre_of
from tests.fakes import FakeProvider

PUBLIC = "https://centre.example.org"
_FROM_HERE = {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}


@dataclass
class House:
    """The centre, and one browser."""

    centre: Centre
    client: TestClient

    def sign_in(self, staff_id: int) -> None:
        with self.centre.database.unit_of_work(SEED) as session:
            token = open_session(session, staff_id, at=self.centre.clock.now())
        self.client.cookies.set(SESSION_COOKIE, token)

    def open(self, path: str, *, htmx: bool = False) -> Response:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path: str, *, htmx: bool = False, **typed: object) -> Response:
        headers = _FROM_HERE | ({"HX-Request": "true"} if htmx else {})
        return self.client.post(path, data=typed, headers=headers, follow_redirects=False)


@contextmanager
def house_of(database_url: str) -> Iterator[House]:
    settings = load_settings(
        database_url=database_url,
        public_url=PUBLIC,
        secret_key="s" * 40,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        sms_sender="+33199000000",
        calls_per_second=100,
        jobs=False,
    )
    provider = FakeProvider()
    app = create_app(settings, provider=provider)
    world = app.state.world
    centre = centre_of(world.database)
    centre.settings, centre.provider = settings, provider
    object.__setattr__(world, "clock", centre.clock)
    with TestClient(app, base_url=PUBLIC) as client:
        yield House(centre, client)


def words(page: Response) -> str:
    """What a page says, without its markup and with plain spaces."""
    body = page.text.partition("<main")[2] or page.text
    text = re.sub(r"<[^>]+>", " ", body).replace("\u202f", " ").replace("\xa0", " ")
    return " ".join(text.split())


def talks(centre: Centre, *, about: int | None = None, noted: str = "", number: str | None = "+33639981472") -> int:
    """Camille is on the line with a caller of the practice; the call."""
    at, own = centre.clock.now(), {"practice_id": centre.cast.practice_id}
    with centre.database.unit_of_work(SEED) as session:
        line_id = session.scalars(select(PracticeLine.id).where(PracticeLine.practice_id == own["practice_id"])).one()
        call = Call(
            line_id=line_id, sid="CA" + "a" * 32, from_number=number, received_at=at, status=CallStatus.TALKING, **own
        )
        session.add(call)
        session.flush()
        for role, staff_id in ((LegRole.PATIENT, None), (LegRole.OPERATOR, centre.cast.camille_id)):
            session.add(
                Leg(
                    call_id=call.id,
                    role=role,
                    label=role.value,
                    address="client:camille",
                    staff_id=staff_id,
                    status=LegStatus.JOINED,
                    wanted_at=at,
                    joined_at=at,
                    **own,
                )
            )
        agent = Agent(staff_id=centre.cast.camille_id, status=AgentStatus.ON_CALL, status_since=at, call_id=call.id)
        agent.lease_until, agent.missed_call = at + timedelta(minutes=1), False
        session.add(agent)
        session.add(CallNote(call_id=call.id, patient_id=about, words=noted, written_at=at, **own))
        return call.id

"""The pass of a browser, what it may answer, and gestures from a browser that has the desk no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import jwt
import pytest
from fastapi.testclient import TestClient

from callcenter.core.clock import ManualClock
from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError, StartRefused
from callcenter.directory.accounts import create_staff, open_session
from callcenter.directory.identity import load_identity
from callcenter.directory.models import Role
from callcenter.main import create_app
from callcenter.routing.desk_claim import claim_desk
from callcenter.routing.ears import choose_ear
from callcenter.routing.models import Ear
from callcenter.telephony.state import LegNews
from callcenter.web.context import SESSION_COOKIE
from tests.fakes import FakeProvider
from tests.floor import ALL, Floor

PASSWORD = "tilleuls-et-marronniers"
MOBILE = "+33639980033"
KEY, SECRET = "SK" + "5e" * 16, "6" * 32
ACCOUNT = "AC" + "0" * 32


def app(database: Database, provider: FakeProvider | None = None, **settings: object) -> TestClient:
    particulars: dict[str, object] = {
        "database_url": database.url,
        "secret_key": "s" * 40,
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": "token",
        "jobs": False,
    }
    made = create_app(load_settings(**particulars | settings), provider=provider or FakeProvider())
    return TestClient(made, base_url="http://testserver", follow_redirects=False)


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with database.unit_of_work(ALL) as session:
        for login, endpoint in (("ines", "client:ines"), ("lea", MOBILE)):
            create_staff(
                session,
                login=login,
                name=login.title(),
                role=Role.OPERATOR,
                password=PASSWORD,
                endpoint=endpoint,
                at=datetime.now(UTC),
            )
    with app(database, twilio_api_key_sid=KEY, twilio_api_key_secret=SECRET) as opened:
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    client.cookies.clear()
    assert client.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303


def test_the_pass_is_for_this_browser_alone_and_lets_it_ring_nobody(client: TestClient) -> None:
    sign_in(client, "ines")
    first = client.post("/agent/telephone/token").json()
    claims = jwt.decode(first["token"], SECRET, algorithms=["HS256"])
    assert (claims["iss"], claims["sub"]) == (KEY, ACCOUNT)
    assert claims["grants"] == {"identity": first["identity"], "voice": {"incoming": {"allow": True}}}
    assert 3500 < claims["exp"] - datetime.now(UTC).timestamp() <= 3600
    assert re.fullmatch(r"operator_\d+_\d+", first["identity"])
    sign_in(client, "ines")
    assert client.post("/agent/telephone/token").json()["identity"] != first["identity"]


def test_whoever_is_not_signed_in_gets_no_pass(client: TestClient) -> None:
    assert client.post("/agent/telephone/token").status_code == 303


def test_a_browser_without_the_desk_reads_and_does_nothing(client: TestClient) -> None:
    sign_in(client, "ines")
    before = dict(client.cookies)
    sign_in(client, "ines")
    after = dict(client.cookies)
    client.cookies.clear()
    client.cookies.update(before)
    assert client.post("/agent/heartbeat").status_code == 409
    for gesture in ("/agent/availability", "/agent/telephone/token", "/agent/ear", "/calls/1/hang-up"):
        refused = client.post(gesture, data={"ear": "softphone"}, headers={"HX-Request": "true"})
        assert (gesture, refused.status_code) == (gesture, 409)
        assert "Votre poste est ouvert dans un autre navigateur" in refused.text
    page = client.get("/desk").text
    assert "Votre poste est ouvert ailleurs depuis" in page
    assert 'id="switch-status"' not in page

    # One key takes it back, and the other one is told.
    assert client.post("/agent/desk").headers["location"] == "/desk"
    assert client.post("/agent/heartbeat").status_code == 204
    client.cookies.clear()
    client.cookies.update(after)
    assert client.post("/agent/heartbeat").status_code == 409


def test_signing_out_elsewhere_leaves_her_at_work_here(client: TestClient) -> None:
    sign_in(client, "ines")
    old = dict(client.cookies)
    sign_in(client, "ines")
    new = dict(client.cookies)
    assert client.post("/agent/availability").status_code == 303
    client.cookies.clear()
    client.cookies.update(old)
    assert client.post("/sign-out").status_code == 303
    client.cookies.clear()
    client.cookies.update(new)
    assert 'data-status="available"' in client.get("/desk/status").text
    assert client.post("/sign-out").status_code == 303
    sign_in(client, "ines")
    assert 'data-status="offline"' in client.get("/desk/status").text


def test_nothing_that_she_did_not_take_is_answered(client: TestClient) -> None:
    sign_in(client, "ines")
    for sid in ("CA" + "9" * 32, "", "\U0001f600\x07</Say>"):
        assert client.post("/agent/telephone/calls", data={"call_sid": sid}).status_code == 404


def test_she_chooses_what_she_hears_with(client: TestClient) -> None:
    sign_in(client, "lea")
    assert 'data-ear="telephone"' in client.get("/desk/ear").text
    changed = client.post("/agent/ear", data={"ear": "softphone"}, headers={"HX-Request": "true"})
    assert changed.headers["HX-Trigger"] == "desk-changed"
    assert 'data-ear="softphone"' in client.get("/desk/ear").text
    assert client.post("/agent/ear", data={"ear": "megaphone"}).status_code == 422
    assert client.post("/calls/1/ear", data={"ear": "telephone"}).status_code == 404
    sign_in(client, "ines")  # who has no number
    assert client.post("/agent/ear", data={"ear": "telephone"}).status_code == 422


def test_a_telephone_that_cannot_be_rung_is_not_the_one_of_her_next_call(database: Database) -> None:
    floor = Floor(database, clock=ManualClock(datetime.now(UTC)))
    floor.hire("Ines", endpoint=MOBILE)
    with database.unit_of_work(ALL) as session:
        token = open_session(session, floor.staff["Ines"], at=floor.now)
        me = load_identity(session, token, at=floor.now)
        assert me is not None
        claim_desk(session, me.staff_id, me.session_id, at=floor.now)
        choose_ear(session, me.staff_id, Ear.SOFTPHONE, has_softphone=True, at=floor.now)
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    floor.provider.refusing = ProviderError("out of reach", permanent=True)
    with app(database, provider=floor.provider, twilio_api_key_sid=KEY, twilio_api_key_secret=SECRET) as client:
        client.cookies.set(SESSION_COOKIE, token)
        refused = client.post(f"/calls/{call_id}/ear", data={"ear": "telephone"}, headers={"HX-Request": "true"})
        assert refused.status_code == 409
        assert floor.agent("Ines").ear == Ear.SOFTPHONE
        floor.provider.refusing = None
        moved = client.post(f"/calls/{call_id}/ear", data={"ear": "telephone"}, headers={"HX-Request": "true"})
    assert (moved.status_code, floor.agent("Ines").ear) == (204, Ear.TELEPHONE)
    assert [one["to"] for one in floor.provider.rung] == [MOBILE]


def test_without_a_key_only_the_own_telephone_can_be_used_and_the_desk_says_so(database: Database) -> None:
    with app(database) as plain:
        with database.unit_of_work(ALL) as session:
            create_staff(
                session, login="nora", name="Nora", role=Role.OPERATOR, password=PASSWORD, at=datetime.now(UTC)
            )
        sign_in(plain, "nora")
        desk = plain.get("/desk")
        assert "Aucun téléphone n’est prévu dans le navigateur" in desk.text
        assert "data-softphone=" not in desk.text
        assert "twilio.com" not in desk.headers["Content-Security-Policy"]
        assert plain.post("/agent/telephone/token").status_code == 409


def test_the_browser_may_speak_to_the_carrier_and_to_nobody_else(database: Database) -> None:
    key = {"twilio_api_key_sid": KEY, "twilio_api_key_secret": SECRET}
    with app(database, **key) as real, app(database, **key, softphone_sdk_url="http://x.test:8100/sdk/s.js") as other:
        own, stand_in = (one.get("/sign-in").headers["Content-Security-Policy"] for one in (real, other))
    assert "script-src 'self'; connect-src 'self' https://*.twilio.com wss://*.twilio.com;" in own
    assert "script-src 'self' http://x.test:8100; connect-src 'self' http://x.test:8100;" in stand_in


@pytest.mark.parametrize(
    "wrong",
    [
        {"twilio_api_key_sid": "SK1"},
        {"twilio_api_key_sid": KEY},
        {"twilio_api_key_secret": SECRET},
        {"softphone_sdk_url": "voice.js"},
    ],
)
def test_half_a_key_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(StartRefused):
        load_settings(secret_key="s" * 40, twilio_account_sid=ACCOUNT, twilio_auth_token="t", **wrong)

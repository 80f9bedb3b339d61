"""The emergency card in a browser's eyes: what it shows, what it refuses, and that names stay text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.i18n import load_catalogues
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import CallNote
from callcenter.directory.identity import hash_token
from callcenter.directory.models import Practice, PracticeLine, PracticeMode, Role, Staff, StaffSession
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.web.context import SESSION_COOKIE, World
from callcenter.web.errors import install_error_pages
from callcenter.web.pages import emergency, emergency_opening
from callcenter.web.rendering import open_templates

NOW = datetime.fromisoformat("2026-11-23T09:14:00+01:00")
SEED = Centre(CentreReason.SEED)
SWAP = {"HX-Request": "true"}
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Carrier:
    """Writes down whom it was asked to ring."""

    rung: list[str] = field(default_factory=list)

    def dial_into_conference(self, *, to: str, **_: str) -> str:
        self.rung.append(to)
        return f"CA{len(self.rung):032d}"


@dataclass
class Floor:
    """Camille's browser, and what stands behind it."""

    browser: TestClient
    database: Database
    carrier: Carrier
    clock: ManualClock
    call: int


@pytest.fixture
def floor(database: Database) -> Iterator[Floor]:
    """Camille is signed in and talks with a patient of a practice in training."""
    load_catalogues()
    settings = Settings(secret_key="s" * 40, twilio_account_sid="AC" + "0" * 32, twilio_auth_token="t")  # type: ignore[arg-type]
    carrier, clock = Carrier(), ManualClock(NOW)
    app = FastAPI()
    app.state.world = World(settings, database, clock, carrier)  # type: ignore[arg-type]
    app.state.templates = open_templates()
    install_error_pages(app)
    app.include_router(emergency.router)
    app.include_router(emergency_opening.router)
    with database.unit_of_work(SEED) as session:
        practice = Practice(
            code="t", name=f"Tilleuls {SCRIPT}", short_name="T", emergency_number="+33261911544",
            emergency_label=f"SAMU {SCRIPT}"[:80], created_at=NOW,
        )  # fmt: skip
        staff = Staff(
            login="camille", name="Camille", role=Role.OPERATOR, password_hash="-", language="fr", created_at=NOW
        )
        session.add_all([practice, staff])
        session.flush()
        line = PracticeLine(practice_id=practice.id, number="+33199004217")
        session.add(line)
        session.flush()
        call = Call(
            practice_id=practice.id, line_id=line.id, sid="CA" + "1" * 32, from_number="+33639981472",
            received_at=NOW, status=CallStatus.TALKING,
        )  # fmt: skip
        session.add(call)
        session.flush()
        for role, owner in ((LegRole.PATIENT, None), (LegRole.OPERATOR, staff.id)):
            session.add(
                Leg(
                    practice_id=practice.id, call_id=call.id, role=role, label=role.value, staff_id=owner,
                    status=LegStatus.JOINED, wanted_at=NOW, joined_at=NOW,
                )
            )  # fmt: skip
        session.add_all(
            [
                CallNote(call_id=call.id, practice_id=practice.id, words=f"Il est gris {SCRIPT}", written_at=NOW),
                Agent(
                    staff_id=staff.id, status=AgentStatus.ON_CALL, call_id=call.id, status_since=NOW, lease_until=NOW
                ),
                StaffSession(
                    token_hash=hash_token("token"), staff_id=staff.id, created_at=NOW, expires_at=NOW + timedelta(1)
                ),
            ]
        )
        call_id = call.id
    browser = TestClient(app, cookies={SESSION_COOKIE: "token"}, follow_redirects=False)
    yield Floor(browser, database, carrier, clock, call_id)
    browser.close()


def test_f12_opens_the_card_and_enter_rings_the_line_once(floor: Floor) -> None:
    opened = floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)
    assert opened.status_code == 200
    assert "02 61 91 15 44" in opened.text
    assert f'action="/calls/{floor.call}/emergency/dial"' in opened.text

    for _ in range(2):
        dialled = floor.browser.post(f"/calls/{floor.call}/emergency/dial", headers=SWAP)
        assert dialled.status_code == 200

    assert floor.carrier.rung == ["+33261911544"]
    assert f'action="/calls/{floor.call}/emergency/dial"' not in dialled.text
    assert 'id="relay-address"' not in dialled.text, "a field being typed into must never be swapped"


def test_without_script_the_card_is_a_page_of_its_own(floor: Floor) -> None:
    opened = floor.browser.post(f"/calls/{floor.call}/emergency")
    assert opened.headers["location"] == f"/desk/emergency?call={floor.call}"

    shown = floor.browser.get(opened.headers["location"])

    assert shown.status_code == 200
    assert "<!doctype html>" in shown.text
    assert 'name="address"' in shown.text


def test_names_and_words_stay_text(floor: Floor) -> None:
    opened = floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)

    assert "&lt;script&gt;" in opened.text
    assert SCRIPT not in opened.text


def test_training_tells_why_a_real_number_is_not_dialled(floor: Floor) -> None:
    with floor.database.unit_of_work(SEED) as session:
        session.scalars(select(Practice)).one().emergency_number = "15"
    floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)

    refused = floor.browser.post(f"/calls/{floor.call}/emergency/dial", headers=SWAP)

    assert refused.status_code == 403
    assert 'role="alert"' in refused.text
    assert floor.carrier.rung == []


def test_in_service_without_a_line_it_says_what_to_dial_by_hand(floor: Floor) -> None:
    with floor.database.unit_of_work(SEED) as session:
        practice = session.scalars(select(Practice)).one()
        practice.emergency_number, practice.emergency_label, practice.mode = "", "", PracticeMode.LIVE

    opened = floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)

    assert opened.status_code == 200
    assert '<p class="number num">15</p>' in opened.text
    assert f'action="/calls/{floor.call}/emergency/dial"' not in opened.text
    assert 'name="question_id"' not in opened.text


def test_each_answer_has_its_key_and_not_knowing_raises_the_flag(floor: Floor) -> None:
    opened = floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)
    for key in ("1", "2", "3"):
        assert f'data-key="{key}"' in opened.text

    answered = floor.browser.post(
        f"/calls/{floor.call}/emergency/answers", data={"question_id": "awake", "answer": "unknown"}, headers=SWAP
    )

    assert '<li class="flag">' in answered.text
    assert 'name="question_id"' not in answered.text
    assert answered.text.count('<li class="spared">') == 4, "a red flag ends them at once"
    assert "Signe d’alerte" in answered.text


def test_the_address_is_kept_while_it_is_typed(floor: Floor) -> None:
    floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)
    typed = {"address": f"14, rue du Port {SCRIPT}", "detail": "3e", "callback": "12"}

    kept = floor.browser.post(f"/calls/{floor.call}/emergency/address", data=typed, headers=SWAP)

    assert kept.status_code == 200
    assert 'class="why"' in kept.text
    shown = floor.browser.get(f"/desk/emergency?call={floor.call}")
    assert "14, rue du Port &lt;script&gt;" in shown.text
    assert "06 39 98 14 72" in shown.text


def test_taken_over_waits_five_seconds_after_the_answer(floor: Floor) -> None:
    floor.browser.post(f"/calls/{floor.call}/emergency", headers=SWAP)
    floor.browser.post(f"/calls/{floor.call}/emergency/dial", headers=SWAP)
    with floor.database.unit_of_work(SEED) as session:
        leg = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).one()
        leg.status, leg.joined_at = LegStatus.JOINED, floor.clock.now()

    early = floor.browser.post(f"/calls/{floor.call}/emergency/taken-over", headers=SWAP)
    assert early.status_code == 409
    assert 'hx-trigger="load delay:5100ms"' in early.text

    leaving = floor.browser.post(f"/calls/{floor.call}/emergency/leaving", headers=SWAP)
    assert (leaving.status_code, leaving.headers["hx-reswap"]) == (409, "none"), "the card stays, and says why"
    assert 'role="alert"' in leaving.text

    floor.clock.advance(timedelta(seconds=5))
    taken_over = floor.browser.post(f"/calls/{floor.call}/emergency/taken-over", headers=SWAP)
    assert taken_over.status_code == 200
    assert f'action="/calls/{floor.call}/emergency/leaving"' in taken_over.text
    with floor.database.unit_of_work(SEED) as session:
        leg = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).one()
        leg.status, leg.left_at = LegStatus.LEFT, floor.clock.now()
    pressed_for_the_regulator = floor.browser.post(f"/calls/{floor.call}/emergency/leaving", headers=SWAP)
    assert pressed_for_the_regulator.headers["hx-reswap"] == "none", "she is still there, and so is the card"
    closed = floor.browser.post(f"/calls/{floor.call}/emergency/closure", headers=SWAP)
    assert closed.text == ""


def test_without_a_call_f12_says_so(floor: Floor) -> None:
    with floor.database.unit_of_work(SEED) as session:
        session.scalars(select(Agent)).one().call_id = None

    told = floor.browser.get("/desk/emergency")

    assert told.status_code == 404
    assert 'class="card problem' in told.text

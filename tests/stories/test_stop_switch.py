"""The supervisor stops the calls we place: a ring-back is refused and says why, an emergency still leaves at once."""

from __future__ import annotations

import re
import time

import httpx
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.core.i18n import gettext, set_language
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Role, Staff
from callcenter.telephony.legs import want_leg
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from tests.stories.conftest import Town
from tests.stories.tilleuls import REGULATOR, SECOND_PATIENT, answer, open_tilleuls, operator

ALL = Centre(CentreReason.SEED)
DOCTOR = "+33639980077"


def test_the_supervisor_stops_the_calls_we_place_and_an_emergency_still_leaves(town: Town) -> None:
    open_tilleuls(town)
    town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    board = town.sign_in("solene")
    board.goto("/board")
    desk = operator(town, "camille", "Camille Roux")

    # By keyboard, on a page of its own: nothing is stopped by a slip, nor without a reason.
    board.get_by_role("link", name="Arrêter les appels sortants").press("Enter")
    expect(board.locator("[name=reason]")).to_be_focused()
    board.keyboard.type("appels inconnus vers l’étranger")
    board.keyboard.press("Enter")
    stopped = board.locator("#board-placing .stop")
    expect(stopped).to_contain_text("Les appels sortants sont arrêtés.")
    expect(stopped).to_contain_text(re.compile("Solène Garnier.*appels inconnus vers l’étranger"))

    # Patients are answered as before: her own telephone rings.
    patient = town.dial()
    answer(desk)
    refused = _place(town, patient, LegRole.PATIENT, SECOND_PATIENT)
    assert refused.status == LegStatus.FAILED
    set_language("fr")
    assert gettext(refused.failure) == (
        "La superviseure a arrêté les appels sortants. Seuls les appels d’urgence partent."
    )
    assert _telephone(town, SECOND_PATIENT) == "idle"

    desk.keyboard.press("F12")
    expect(desk.locator("#relay-line .number")).to_have_text("02 61 91 15 44")
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay-line .speaking")).to_contain_text("Sonnerie")
    assert _telephone(town, REGULATOR) == "ringing"

    # Not even now does another outside call leave, but the patient would be rung back at once.
    assert _place(town, patient, LegRole.PRACTITIONER, DOCTOR).status == LegStatus.FAILED
    assert _place(town, patient, LegRole.PATIENT, SECOND_PATIENT).sid is not None

    board.get_by_role("button", name="Autoriser de nouveau les appels").click()
    expect(stopped).to_have_count(0)
    assert _place(town, patient, LegRole.PRACTITIONER, DOCTOR).sid is not None
    # Two outside calls were placed, and that is seen without asking.
    expect(board.locator("#board-placing dd").first).to_have_text(re.compile(r"^2"))


def _place(town: Town, sid: str, role: LegRole, number: str) -> Leg:
    """An outside telephone is wanted in her call, and dialled by the product a moment later."""
    with town.database.unit_of_work(ALL) as session:
        call = session.scalars(select(Call).where(Call.sid == sid)).one()
        camille = session.scalars(select(Staff.id).where(Staff.login == "camille")).one()
        label = f"{role}-{town.now():%M%S%f}"
        wanted = want_leg(session, call, role=role, label=label, address=number, staff_id=camille, at=town.now())
    ends = time.monotonic() + 10
    while True:
        with town.database.reading(ALL) as session:
            leg = session.scalars(select(Leg).where(Leg.id == wanted.id)).one()
        if leg.status == LegStatus.FAILED or leg.sid is not None:
            return leg
        assert time.monotonic() < ends, f"nobody dials: {leg.status}"
        time.sleep(0.05)


def _telephone(town: Town, number: str) -> str:
    """What a telephone in town does."""
    return str(httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"])

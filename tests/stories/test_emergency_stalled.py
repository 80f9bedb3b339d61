"""The database stops answering while somebody is in danger: the line rings all the same, and the rows agree after."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import EmergencyRelay
from callcenter.local.proxy import Proxy
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from tests.stories.conftest import PATIENT, Town, open_town
from tests.stories.tilleuls import (
    REGULATOR,
    SECOND_LINE,
    answer,
    keep_emergency_lines,
    open_tilleuls,
    operator,
)

ALL = Centre(CentreReason.SEED)


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    parts = urlsplit(postgresql_url)
    opened = Proxy(parts.hostname or "", parts.port or 0)
    yield opened
    opened.close()


@pytest.fixture
def stalling_town(
    proxy: Proxy, postgresql_url: str, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[Town]:
    """A town whose product reaches its PostgreSQL through a proxy that can stall; without jobs."""
    parts = urlsplit(postgresql_url)
    through = f"postgresql://postgres@127.0.0.1:{proxy.port}{parts.path}"
    with open_town(through, browser, browser_context_args, jobs=False) as town:
        yield town
        proxy.resume()


def test_the_line_rings_within_two_seconds_while_the_database_is_stalled(
    stalling_town: Town, proxy: Proxy, postgresql_url: str, figure: Callable[[str], None]
) -> None:
    town = stalling_town
    open_tilleuls(town)
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)
    expect(desk.locator("#offline-relay")).to_have_count(1)

    proxy.stall()
    desk.keyboard.press("F12")
    card = desk.locator("#relay.offline")
    expect(card).to_be_visible()
    expect(card.locator("[data-line-number]")).to_have_text("02 61 91 15 44")
    _look(desk, "stalled-ready")

    pressed = time.monotonic()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    _until_rings(town, REGULATOR)
    lasted = time.monotonic() - pressed
    figure(f"emergency line ringing at the carrier {lasted * 1000:.0f} ms after Enter, database stalled")
    expect(card.locator("[data-when=ringing]:visible").first).to_be_visible()

    # What she writes is kept; the regulator answers, and takes over after the five seconds.
    desk.keyboard.press("F6")
    desk.keyboard.type("12 rue des Acacias, 44400 Rezé")
    desk.keyboard.press("Enter")
    expect(card.locator("[data-offline-address]")).not_to_be_focused()
    _pick_up(town, REGULATOR)
    expect(card.locator("[data-when=answered]:visible").first).to_be_visible()
    _look(desk, "stalled-answered")
    assert sorted(_call(town, patient)["with"]) == ["emergency-1", "operator-1"]
    taken = card.locator("button[data-offline=taken-over][data-when=answered]")
    expect(taken).to_be_disabled()
    desk.keyboard.press("Enter")
    expect(taken).to_be_enabled(timeout=8_000)
    desk.keyboard.press("Enter")
    expect(card.locator("[data-when=taken_over]:visible").first).to_be_visible()

    # Directly, past the proxy: nothing was written yet.
    direct = Database(postgresql_url)
    with direct.reading(ALL) as session:
        assert session.scalars(select(Leg.id).where(Leg.role == LegRole.EMERGENCY)).all() == []

    proxy.resume()
    expect(desk.locator("#relay:not(.offline) .strip.calm")).to_be_visible(timeout=20_000)
    with direct.reading(ALL) as session:
        leg = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).one()
        relay = session.scalars(select(EmergencyRelay)).one()
        assert (leg.label, leg.address, leg.name) == ("emergency-1", REGULATOR, "Centre 15")
        assert relay.address == "12 rue des Acacias, 44400 Rezé"
        assert relay.taken_over_at is not None
        assert relay.leg_id == leg.id
        assert session.scalars(select(Call.status)).one() == CallStatus.TALKING
    direct.close()
    assert desk.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('emergency-'))") == []
    assert _state(town) == {"in-progress": 3}


def test_a_patient_who_drops_while_the_database_is_stalled_is_shown_and_rung_back(
    stalling_town: Town, proxy: Proxy, postgresql_url: str
) -> None:
    town = stalling_town
    open_tilleuls(town)
    kept = httpx.put(f"{town.carrier_url}/network/phones/{PATIENT}", json={"answers": "person"})
    assert kept.is_success, kept.text
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)
    expect(desk.locator("#offline-relay")).to_have_count(1)
    proxy.stall()
    desk.keyboard.press("F12")
    card = desk.locator("#relay.offline")
    expect(card).to_be_visible()
    desk.keyboard.press("Enter")
    _until_rings(town, REGULATOR)
    _pick_up(town, REGULATOR)
    expect(card.locator("[data-when=answered]:visible").first).to_be_visible()

    hung_up = httpx.post(f"{town.carrier_url}/network/calls/{patient}/hangup")
    assert hung_up.is_success, hung_up.text
    rung_back = card.locator("[data-patient=ringing-back]")
    expect(rung_back).to_be_visible()
    expect(rung_back).to_contain_text("06 39 98 14 72")
    _look(desk, "stalled-lost")
    _until_rings(town, PATIENT, within=10)
    _pick_up(town, PATIENT)
    expect(rung_back).to_be_hidden()
    expect(card.locator("[data-steps] li").last).to_contain_text("de nouveau en ligne")
    assert _state(town)["in-progress"] == 3  # the operator, the regulator, and she: once
    assert sorted(_call_of(town, REGULATOR)["with"]) == ["operator-1", "patient-2"]

    # The database wakes: it takes her in, ends nothing and rings nobody.
    proxy.resume()
    line = desk.locator("#relay:not(.offline) #relay-line")
    expect(line.locator("[data-lost]")).to_have_attribute("data-lost", "back", timeout=20_000)
    direct = Database(postgresql_url)
    with direct.reading(ALL) as session:
        legs = session.scalars(select(Leg).where(Leg.role == LegRole.PATIENT).order_by(Leg.id)).all()
        assert [(leg.label, leg.status) for leg in legs] == [
            ("patient", LegStatus.LEFT),
            ("patient-2", LegStatus.JOINED),
        ]
        assert session.scalars(select(Call.status)).one() == CallStatus.TALKING
    direct.close()
    assert _state(town)["in-progress"] == 3
    assert sorted(_call_of(town, REGULATOR)["with"]) == ["operator-1", "patient-2"]


def test_a_database_that_stalls_between_f12_and_enter_costs_no_more(
    stalling_town: Town, proxy: Proxy, postgresql_url: str, figure: Callable[[str], None]
) -> None:
    town = stalling_town
    open_tilleuls(town)
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    expect(desk.locator("#relay:not(.offline)")).to_be_visible()

    proxy.stall()
    pressed = time.monotonic()
    desk.keyboard.press("Enter")
    _until_rings(town, REGULATOR)
    lasted = time.monotonic() - pressed
    figure(f"emergency line ringing at the carrier {lasted * 1000:.0f} ms after Enter, stalled since the card opened")
    expect(desk.locator("#relay.offline")).to_be_visible()

    _pick_up(town, REGULATOR)
    proxy.resume()
    expect(desk.locator("#relay:not(.offline)")).to_be_visible(timeout=20_000)
    expect(desk.locator("#relay-line .speaking")).to_contain_text("régulateur", timeout=10_000)
    with town.database.reading(ALL) as session:
        legs = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).all()
        assert [(leg.label, leg.status) for leg in legs] == [("emergency-1", LegStatus.JOINED)]
    assert _state(town) == {"in-progress": 3}


def test_a_busy_line_is_followed_by_the_next_also_while_the_database_is_stalled(
    stalling_town: Town, proxy: Proxy
) -> None:
    town = stalling_town
    tilleuls = open_tilleuls(town)
    keep_emergency_lines(town, tilleuls.practice_id, ("44", "SAMU 44, seconde ligne", SECOND_LINE))
    busy = httpx.put(f"{town.carrier_url}/network/phones/{REGULATOR}", json={"answers": "busy"})
    assert busy.is_success, busy.text
    desk = operator(town, "camille", "Camille Roux")
    patient = town.dial()
    answer(desk)

    proxy.stall()
    desk.keyboard.press("F12")
    desk.keyboard.press("Enter")  # before any card is there: it is not lost
    _until_rings(town, SECOND_LINE, within=10)
    card = desk.locator("#relay.offline")
    expect(card.locator("[data-line-number]")).to_have_text("02 61 91 15 45")
    expect(card.locator("[data-steps] .amiss")).to_have_count(1)
    _look(desk, "stalled-second")
    _pick_up(town, SECOND_LINE)
    expect(card.locator("[data-when=answered]:visible").first).to_be_visible()
    assert sorted(_call(town, patient)["with"]) == ["emergency-2", "operator-1"]

    proxy.resume()
    expect(desk.locator("#relay:not(.offline)")).to_be_visible(timeout=20_000)
    expect(desk.locator("#relay-line .number")).to_have_text("02 61 91 15 45")
    expect(desk.locator("#relay-line .speaking")).to_contain_text("régulateur", timeout=10_000)
    with town.database.reading(ALL) as session:
        legs = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).all()
        assert sorted((leg.label, leg.address) for leg in legs) == [
            ("emergency-1", REGULATOR),
            ("emergency-2", SECOND_LINE),
        ]
    assert _state(town)["in-progress"] == 3


def test_the_ordinary_card_is_asked_for_until_it_is_there(stalling_town: Town, proxy: Proxy) -> None:
    """The first answers after a stall may fail once more: a card with dead keys must not stay."""
    town = stalling_town
    open_tilleuls(town)
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    # What F12 itself asked for may come late and bring the card as well: here it never comes.
    desk.route("**/calls/*/emergency", lambda route: route.abort())
    proxy.stall()
    desk.keyboard.press("F12")
    expect(desk.locator("#relay.offline")).to_be_visible()
    desk.keyboard.press("Enter")
    _until_rings(town, REGULATOR)
    asked: list[str] = []

    def fails_twice(route: Route) -> None:
        if "x-after-emergency" not in route.request.headers:
            route.continue_()
            return
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        elif len(asked) == 2:
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    desk.route("**/desk/emergency?*", fails_twice)

    proxy.resume()
    expect(desk.locator("#relay:not(.offline) #relay-line .number")).to_have_text("02 61 91 15 44", timeout=20_000)
    assert len(asked) == 3
    # Its keys are the ordinary ones again, and the desk beneath is read anew.
    _pick_up(town, REGULATOR)
    expect(desk.locator("#relay-line .speaking")).to_contain_text("régulateur", timeout=10_000)
    assert _state(town) == {"in-progress": 3}


def _state(town: Town) -> dict[str, int]:
    counted: dict[str, int] = httpx.get(f"{town.carrier_url}/network/state").json()["calls"]
    return counted


def _call(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def _call_of(town: Town, number: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["call"]
    return found


def _until_rings(town: Town, number: str, *, within: float = 5) -> None:
    ends = time.monotonic() + within
    while httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"] != "ringing":
        assert time.monotonic() < ends, "the emergency line does not ring"
        time.sleep(0.02)


def _pick_up(town: Town, number: str) -> None:
    answered = httpx.post(f"{town.carrier_url}/network/phones/{number}/answer")
    assert answered.is_success, answered.text


def _look(desk: Page, name: str) -> None:
    folder = os.environ.get("LOOK_AT")
    if folder:
        desk.screenshot(path=f"{folder}/{name}.png")

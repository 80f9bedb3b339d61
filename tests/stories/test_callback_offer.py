"""A long wait: one caller presses a key and keeps her place without staying on the line, another stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.directory.models import Role
from callcenter.routing.models import Callback, QueueEntry
from callcenter.telephony.models import Call
from tests.stories.conftest import PATIENT, Town
from tests.stories.tilleuls import ALL, SECOND_PATIENT, open_tilleuls

OFFERED = "Tapez 1 pour être rappelé sans perdre votre place, ou restez en ligne."
NOTED = "C'est noté. Nous vous rappelons à votre tour, vous pouvez raccrocher."


def test_one_presses_the_key_and_is_rung_at_her_turn_another_stays_in_her_room(town: Town) -> None:
    open_tilleuls(town)
    phone = {"answers": "person", "after_seconds": 0.2}
    httpx.put(f"{town.carrier_url}/network/phones/{PATIENT}", json=phone).raise_for_status()
    first = town.dial()
    until(lambda: OFFERED in heard(town, first))
    httpx.post(f"{town.carrier_url}/network/calls/{first}/digits", json={"digits": "1"}).raise_for_status()
    until(lambda: call(town, first)["status"] == "completed")
    assert heard(town, first) == f"L'attente est longue. {OFFERED} {NOTED}"
    with town.database.reading(ALL) as session:
        owed = session.scalars(select(Callback)).one()
        hers = session.scalars(select(QueueEntry).where(QueueEntry.call_id == owed.outbound_call_id)).one()
        joined_at = session.scalars(
            select(QueueEntry.joined_at).join(Call, Call.id == QueueEntry.call_id).where(Call.sid == first)
        ).one()
    assert (owed.number, owed.reason, hers.status, hers.joined_at) == (PATIENT, "asked", "waiting", joined_at)

    second = town.dial(number=SECOND_PATIENT)
    until(lambda: OFFERED in heard(town, second))
    until(lambda: call(town, second)["in_conference"], seconds=20)
    assert NOTED not in heard(town, second)

    # Whoever comes on duty rings the first of them, though the other is on the line.
    town.account("camille", "Camille Roux", Role.OPERATOR, endpoint="client:camille")
    desk = town.sign_in("camille")
    desk.keyboard.press("F9")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "calling", timeout=10_000)
    until(lambda: picked_up(town))
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking", timeout=10_000)
    expect(desk.locator(".person").first).to_contain_text("Hélène Vasseur")


def picked_up(town: Town) -> bool:
    return httpx.post(f"{town.carrier_url}/network/phones/{PATIENT}/answer").status_code == 200


def call(town: Town, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{town.carrier_url}/network/calls/{sid}").json()
    return found


def heard(town: Town, sid: str) -> str:
    return " ".join(line["text"] for line in call(town, sid)["heard"])


def until(reached: Callable[[], object], *, seconds: float = 12) -> None:
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)

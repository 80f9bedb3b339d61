"""A promise made on the telephone: late, it is seen; owned by nobody at midnight, it is somebody's; she reads so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.core.clock import SystemClock
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import LoopOwner
from callcenter.directory.models import Role
from tests.stories.conftest import Town
from tests.stories.tilleuls import answer, open_tilleuls, operator


@pytest.fixture
def time_goes_on(monkeypatch: pytest.MonkeyPatch, town: Town) -> Any:
    """Let the installation's clock show a later instant, and go on from there."""
    now = SystemClock.now

    def until(instant: datetime) -> None:
        ahead = instant - town.now()
        monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + ahead)

    return until


def test_what_was_promised_passes_no_midnight_without_a_name(town: Town, time_goes_on: Any) -> None:
    open_tilleuls(town)
    sofia_id = town.account("sofia", "Sofia Lambert", Role.SUPERVISOR)
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    desk.keyboard.press("p")
    expect(desk.locator("#promise-words")).to_be_focused()
    desk.keyboard.type("Rappeler avec le résultat")
    desk.keyboard.press("Tab")
    desk.keyboard.type("14h30")
    desk.keyboard.press("Enter")
    promised = desk.locator("#desk-todo [data-row]")
    expect(promised).to_contain_text("Promis à l’appelant")
    expect(promised).to_contain_text("avant 14:30")

    time_goes_on(datetime(2026, 11, 23, 14, 0, tzinfo=UTC))
    floor = town.sign_in("sofia")
    floor.goto("/loops")
    row = floor.locator("#loops li")
    expect(row).to_contain_text("en retard")
    expect(row).to_contain_text("« Rappeler avec le résultat »".replace("« ", "«\u202f").replace(" »", "\u202f»"))
    expect(row).to_contain_text("Le poste")

    time_goes_on(datetime(2026, 11, 23, 22, 46, tzinfo=UTC))  # 23:46 in Paris
    expect(row).to_contain_text("depuis la nuit")
    with town.database.reading(Centre(CentreReason.SEED)) as session:
        assert session.scalars(select(LoopOwner)).one().staff_id == sofia_id

    time_goes_on(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    morning = town.sign_in("sofia")
    morning.goto("/board")
    expect(morning.locator("#board-night")).to_contain_text("1 engagement vous revient depuis cette nuit.")
    morning.locator("#board-night a").click()
    expect(morning.locator("#loops li")).to_contain_text("depuis la nuit")
    expect(morning.locator("main")).to_contain_text("Rien n’a passé minuit sans personne")
    morning.locator("#loops li").get_by_role("button", name="Fait").click()
    expect(morning.locator("#loops li")).to_have_count(0)
    morning.goto("/board")
    expect(morning.locator("#board-incidents")).to_be_attached()
    expect(morning.locator("#board-night")).to_have_count(0)

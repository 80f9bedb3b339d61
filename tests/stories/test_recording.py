"""A call is recorded by hand: everybody is told first, it is stopped, and the carrier forgets it when it is due."""

from __future__ import annotations

from datetime import timedelta

import httpx
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.core.clock import SystemClock
from callcenter.core.config import load_settings
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice
from callcenter.telephony.kept_recordings import delete_due_recordings
from callcenter.telephony.models import Recording
from callcenter.telephony.twilio_provider import TwilioProvider
from tests.stories.conftest import PATIENT, SID, TOKEN, Town
from tests.stories.test_transfers import hang_up, heard, until
from tests.stories.tilleuls import answer, open_tilleuls, operator

ALL = Centre(CentreReason.SEED)


def recordings(town: Town) -> list[Recording]:
    with town.database.reading(ALL) as session:
        return list(session.scalars(select(Recording).order_by(Recording.id)))


def test_a_recording_is_announced_stopped_and_forgotten(town: Town) -> None:
    tilleuls = open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    expect(desk.locator("#desk-card .company-acts")).to_be_visible()
    expect(desk.locator("#desk-card .recording")).to_have_count(0)  # only where the practice asks for it
    assert desk.request.post("/calls/1/recording", headers={"Origin": town.url}).status == 409
    with town.database.unit_of_work(ALL) as session:
        session.get_one(Practice, tilleuls.practice_id).records_calls = True
    desk.evaluate("document.body.dispatchEvent(new CustomEvent('desk-changed'))")
    expect(desk.locator("#desk-card .recording button")).to_be_visible()

    desk.keyboard.press("r")
    badge = desk.locator("#desk-card .recording .badge")
    expect(badge).to_contain_text("Enregistrement")
    assert any("va être enregistré" in line for line in heard(town, patient))
    desk.keyboard.press("r")
    expect(badge).to_have_count(0)
    desk.keyboard.press("r")
    expect(badge).to_have_count(1)
    hang_up(town, PATIENT)
    until(lambda: all(one.stopped_at for one in recordings(town)))
    kept = recordings(town)
    assert [one.deleted_at for one in kept] == [None, None]
    assert all(one.delete_at - one.started_at == timedelta(days=30) for one in kept)

    settings = load_settings(
        twilio_base_url=town.carrier_url, twilio_account_sid=SID, twilio_auth_token=TOKEN, secret_key="s" * 32
    )
    provider = TwilioProvider(settings)
    delete_due_recordings(town.database, provider, SystemClock(town.offset + timedelta(days=29)))
    assert [one.deleted_at for one in recordings(town)] == [None, None]
    delete_due_recordings(town.database, provider, SystemClock(town.offset + timedelta(days=31)))
    assert all(one.deleted_at for one in recordings(town))
    for one in kept:
        address = f"{town.carrier_url}/2010-04-01/Accounts/{SID}/Recordings/{one.sid}.json"
        assert httpx.delete(address, auth=(SID, TOKEN)).status_code == 404  # forgotten there

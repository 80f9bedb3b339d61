"""Messages on their way through the carrier, with time run forward.

An urgent one climbs until a supervisor or a key has it, and what can wait leaves together at noon.
"""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.core.clock import SystemClock
from callcenter.core.config import load_settings
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Role
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner, load_practitioner
from callcenter.directory.sites import list_sites
from callcenter.dispatch.models import Message, MessageStatus, Notice, NoticeStatus, Target, Urgency
from callcenter.dispatch.preferences import TypedPreference, set_preference
from callcenter.dispatch.writing import TypedMessage, write_message
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.notices import send_due_notices
from callcenter.telephony.twilio_provider import TwilioProvider
from tests.stories.conftest import SID, TOKEN, Town
from tests.stories.test_callbacks import keep_phone, pick_up
from tests.stories.test_transfers import until
from tests.stories.tilleuls import Tilleuls, open_tilleuls

ALL = Centre(CentreReason.SEED)
MOBILE, SECOND, ALTERNATE = "+33639980021", "+33639980022", "+33639980023"


@pytest.fixture
def tilleuls(town: Town) -> Tilleuls:
    """Dr Lemoine wants texts, has a second number, and Dr Marchand stands in."""
    tilleuls = open_tilleuls(town)
    at = town.now()
    with town.database.unit_of_work(ALL) as session:
        [site] = list_sites(session, tilleuls.practice_id)
        typed = PractitionerParticulars(name="Dr Marchand", site_id=site.id, phone=ALTERNATE)
        marchand = add_practitioner(session, tilleuls.practice_id, typed, at=at, staff_id=None)
        lemoine = load_practitioner(session, tilleuls.practice_id, tilleuls.doctor_id)
        wishes = TypedPreference(channel="sms", mobile=MOBILE, second_number=SECOND, alternate_id=marchand.id)
        set_preference(session, lemoine, wishes, at=at, staff_id=None)
    for number in (MOBILE, SECOND, ALTERNATE):
        keep_phone(town, number)
    return tilleuls


def let_pass(town: Town, minutes: float) -> None:
    """What is due so much later leaves now."""
    settings = load_settings(
        twilio_base_url=town.carrier_url,
        twilio_account_sid=SID,
        twilio_auth_token=TOKEN,
        secret_key="s" * 32,
        public_url=town.url,
        sms_sender="Callcenter",
        calls_per_second=100,
    )
    clock = SystemClock(town.offset + timedelta(minutes=minutes))
    provider = TwilioProvider(settings)
    send_due_notices(town.database, provider, clock, settings=settings)
    deliver_due(town.database, provider, settings, clock)


def urgent(town: Town, tilleuls: Tilleuls, *, staff_id: int) -> int:
    """An urgent message for Dr Lemoine, written now."""
    typed = TypedMessage(
        request_key="m1",
        words="Il a du mal à respirer depuis une heure.",
        caller="Hélène Vasseur",
        number="06 39 98 14 72",
        urgency=Urgency.URGENT,
        practitioner_id=tilleuls.doctor_id,
    )
    with town.database.unit_of_work(ALL) as session:
        return write_message(session, tilleuls.practice_id, typed, staff_id=staff_id, at=town.now()).id


def status(town: Town, message_id: int) -> MessageStatus:
    """Where a message stands."""
    with town.database.reading(ALL) as session:
        return MessageStatus(session.get_one(Message, message_id).status)


def phone(town: Town, number: str) -> str:
    """What a telephone does: idle, ringing, speaking."""
    return str(httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"])


def press(town: Town, number: str, digits: str) -> None:
    """Whoever holds that telephone presses keys."""
    kept = httpx.post(f"{town.carrier_url}/network/phones/{number}/digits", json={"digits": digits})
    kept.raise_for_status()


def rings_in_vain(town: Town, number: str) -> None:
    """It rings there, and nobody wants to answer."""
    until(lambda: httpx.get(f"{town.carrier_url}/network/phones/{number}").json()["state"] == "ringing")
    assert httpx.post(f"{town.carrier_url}/network/phones/{number}/decline").status_code == 200


def test_it_climbs_until_a_supervisor_has_it_in_hand(town: Town, tilleuls: Tilleuls) -> None:
    supervisor_id = town.account("solene", "Solène Garnier", Role.SUPERVISOR)
    board = town.sign_in("solene")
    board.goto("/board")
    board.evaluate("document.stays = true")
    row = board.locator("#board-urgent-messages li")
    expect(row).to_have_count(0)
    message_id = urgent(town, tilleuls, staff_id=supervisor_id)
    expect(row).to_contain_text("Dr Lemoine")

    until(lambda: len(town.texts(MOBILE)) == 1)
    let_pass(town, 2)
    until(lambda: len(town.texts(MOBILE)) == 2)
    assert all("respirer" not in text and "/m/" in text for text in town.texts(MOBILE))

    let_pass(town, 10)
    rings_in_vain(town, SECOND)
    let_pass(town, 15)
    expect(row).to_contain_text("Dr Marchand par téléphone")
    rings_in_vain(town, ALTERNATE)
    expect(row).to_contain_text("les superviseurs")
    expect(row.locator("button")).to_have_count(0)

    let_pass(town, 17)
    expect(row).to_have_class("reached")
    row.get_by_role("button", name="Je m’en occupe").click()
    expect(row).to_contain_text("Solène Garnier s’en occupe")
    assert board.evaluate("document.stays") is True

    row.get_by_role("link", name="Fait").click()
    expect(board.locator("main")).to_contain_text("Il a du mal à respirer depuis une heure.")
    board.fill("[name=note]", "Dr Lemoine jointe à l’hôpital.")
    board.keyboard.press("Enter")
    board.wait_for_url("**/board")
    expect(row).to_have_count(0)
    assert status(town, message_id) is MessageStatus.DONE


def test_a_key_on_the_third_steps_telephone_takes_it_and_nobody_else_is_told(town: Town, tilleuls: Tilleuls) -> None:
    message_id = urgent(town, tilleuls, staff_id=town.account("ines", "Inès Haddad", Role.OPERATOR))
    until(lambda: len(town.texts(MOBILE)) == 1)
    let_pass(town, 10)
    rings_in_vain(town, SECOND)
    until(lambda: phone(town, SECOND) != "ringing")
    let_pass(town, 15)
    pick_up(town, ALTERNATE)
    assert status(town, message_id) is not MessageStatus.TAKEN  # a voicemail answers too: it is the key that counts
    press(town, ALTERNATE, "1")
    until(lambda: status(town, message_id) is MessageStatus.TAKEN)
    until(lambda: len(town.texts(ALTERNATE)) == 1)  # where to read it
    assert "respirer" not in town.texts(ALTERNATE)[0]

    told = len(town.texts(MOBILE))
    let_pass(town, 40)
    assert len(town.texts(MOBILE)) == told
    assert phone(town, SECOND) != "ringing"
    with town.database.reading(ALL) as session:
        coming = select(Notice).where(Notice.message_id == message_id, Notice.status == NoticeStatus.DUE)
        assert session.scalars(coming).all() == []
        supervisors = select(Notice.status).where(Notice.message_id == message_id, Notice.target == Target.SUPERVISOR)
        assert set(session.scalars(supervisors)) == {NoticeStatus.CANCELED}


def test_what_can_wait_leaves_together_at_noon(town: Town, tilleuls: Tilleuls) -> None:
    at = town.now()  # nine o'clock
    ines_id = town.account("ines", "Inès Haddad", Role.OPERATOR)
    with town.database.unit_of_work(ALL) as session:
        lemoine = load_practitioner(session, tilleuls.practice_id, tilleuls.doctor_id)
        wishes = TypedPreference(timing="batch", batch_at="12:00 18:00", channel="sms", mobile=MOBILE)
        set_preference(session, lemoine, wishes, at=at, staff_id=None)
        for key in ("a", "b"):
            typed = TypedMessage(request_key=key, words="Renouveler.", practitioner_id=tilleuls.doctor_id)
            write_message(session, tilleuls.practice_id, typed, staff_id=ines_id, at=at)
    let_pass(town, 175)
    assert town.texts(MOBILE) == []
    let_pass(town, 180)
    until(lambda: len(town.texts(MOBILE)) == 1)
    [text] = town.texts(MOBILE)
    assert ("2 messages" in text, "Renouveler" in text) == (True, False)
    let_pass(town, 185)
    assert len(town.texts(MOBILE)) == 1

"""An urgent message: written by keyboard, opened from a text by a code, taken and answered, seen at the desk."""

from __future__ import annotations

import re
import time

import httpx
from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.desk.models import Draft
from callcenter.directory.passwords import hash_password
from callcenter.dispatch.models import Channel, DispatchPreference
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, Tilleuls, answer, choose_person, open_tilleuls, operator

MOBILE, CODE = "+33639980021", "2468"
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_an_urgent_message_is_written_by_keyboard_answered_behind_its_text_and_seen_at_the_desk(town: Town) -> None:
    _wants_texts(town, open_tilleuls(town))
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("n")
    desk.keyboard.type("J’ai mal à la poitrine depuis ce matin.")
    desk.keyboard.press("Escape")

    desk.keyboard.press("m")
    form = desk.locator("dialog.message")
    # What she wrote an instant ago stands there, and of one doctor alone nobody has to be chosen.
    expect(form.locator("[name=words]")).to_have_value("J’ai mal à la poitrine depuis ce matin.")
    expect(form.locator("[name=whom]").first).to_be_checked()
    # Who would be told stays beside the form, and follows what she chooses.
    desk.keyboard.press("Alt+q")
    who_next = form.locator("#message-who-next")
    expect(who_next.locator("li")).to_have_count(1)
    desk.keyboard.press("Alt+r")
    desk.keyboard.press("Alt+u")
    expect(who_next).to_contain_text("Les superviseurs")
    desk.keyboard.press("Enter")
    expect(form).to_have_count(0)
    expect(desk.locator("#notices")).to_contain_text("Message pour Dr Lemoine envoyé")
    message = desk.locator(".messages-here li")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("Urgent")

    doctor = _open_text(town)
    expect(doctor.locator("h1")).to_have_text("Des messages vous attendent")
    assert "Vasseur" not in doctor.content()
    doctor.locator("[name=code]").fill(CODE)
    doctor.get_by_role("button", name="Voir mes messages").tap()
    expect(doctor.locator("h1")).to_have_text("Hélène Vasseur")
    assert doctor.evaluate("document.documentElement.scrollWidth") <= 390
    expect(message.locator("[data-message-state=read]")).to_contain_text("Dr Lemoine")
    doctor.get_by_role("button", name="Je le prends").tap()
    expect(message.locator("[data-message-state=taken]")).to_contain_text("Dr Lemoine")
    doctor.get_by_role("button", name="À voir aujourd’hui").tap()
    expect(message).to_contain_text("À voir aujourd’hui")
    expect(message.locator("[data-message-state=done]")).to_be_visible()

    # What was sent is no draft any more: the next message would begin with it.
    with town.database.reading(ALL) as session:
        assert session.scalars(select(Draft.fields).where(Draft.form == "message")).all() == []
    desk.keyboard.press("m")
    expect(form.locator("[name=urgency][value=routine]")).to_be_checked()
    form.locator("[name=words]").fill("")
    form.locator("[name=whom]").first.focus()
    desk.keyboard.press("0")
    expect(form.locator("[name=words]")).to_be_focused()  # nothing noted: what is typed next is the message
    desk.keyboard.press("Escape")
    desk.keyboard.press("Escape")
    expect(form).to_have_count(0)

    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(desk.locator("[name=code][value=message]")).to_be_checked()


def _wants_texts(town: Town, tilleuls: Tilleuls) -> None:
    with town.database.unit_of_work(ALL) as session:
        session.add(
            DispatchPreference(
                practice_id=tilleuls.practice_id,
                practitioner_id=tilleuls.doctor_id,
                channel=Channel.SMS,
                mobile=MOBILE,
                code_hash=hash_password(CODE, shortest=4),
            )
        )


def _open_text(town: Town) -> Page:
    """His telephone: the text as it came, and its link under his thumb."""
    until = time.monotonic() + 20
    while not (texts := town.texts(MOBILE)):
        assert time.monotonic() < until, "the text did not come"
        httpx.get(f"{town.url}/healthz")
    found = re.search(r"https?://\S+(/m/\w+)", texts[0])
    assert found is not None
    telephone = town.browser.new_context(**(town.context_args | TELEPHONE), base_url=town.url).new_page()
    telephone.set_default_timeout(10_000)
    telephone.goto(found[1])
    return telephone

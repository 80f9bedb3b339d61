"""Nothing typed is lost, and no call is left without saying how it ended: reloads, new sign-ins, a cut network."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.models import Disposition, Draft
from callcenter.directory.models import Role
from callcenter.routing.models import Agent
from tests.stories.conftest import Town
from tests.stories.tilleuls import answer, open_tilleuls, operator

ALL = Centre(CentreReason.SEED)


def test_a_wrap_up_survives_everything_and_ends_by_itself_once_it_is_chosen(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    desk.keyboard.press("F8")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "wrap_up")
    expect(card).to_contain_text("Choisissez par un chiffre : d’ici là, l’appel reste ici.")

    # Its time is over and nothing is chosen: it stays, after a reload and after signing out.
    with town.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).values(wrap_up_until=town.now()))
    desk.reload()
    expect(card.locator(".meta .timer.late")).to_contain_text("0:00")
    desk.locator("form[action='/sign-out'] button").click()
    expect(desk).to_have_url(re.compile("/sign-in"))
    desk = town.sign_in("ines")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "wrap_up")

    # A digit is kept on the server, a minute is asked for twice, and both are there after a reload.
    desk.keyboard.press("4")
    expect(card).to_contain_text("Se termine seul")
    desk.keyboard.press("Space")
    expect(card.locator(".wrap-up .count")).to_have_text("déjà 1 fois")
    desk.keyboard.press("Space")
    expect(card.locator(".wrap-up .count")).to_have_text("déjà 2 fois")
    desk.reload()
    expect(card.locator("[name=code]:checked")).to_have_value("message")
    expect(card.locator(".wrap-up .count")).to_have_text("déjà 2 fois")

    # Her time passes: it ends with what she chose.
    with town.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).values(wrap_up_until=town.now()))
    expect(card).to_have_attribute("data-state", "available")
    with town.database.reading(ALL) as session:
        assert session.scalar(select(Disposition.code)) == "message"
        assert session.scalars(select(Draft)).all() == []

    # F9 ends the next one with a pause.
    town.dial()
    answer(desk)
    desk.keyboard.press("F8")
    expect(card).to_have_attribute("data-state", "wrap_up")
    desk.keyboard.press("6")
    desk.keyboard.press("F9")
    expect(card).to_have_attribute("data-state", "break_")


def test_whoever_ends_a_call_from_her_notes_goes_on_with_a_digit(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    desk.keyboard.press("F4")  # nobody is there yet: the key says so
    expect(desk.locator("#notices")).to_contain_text("Personne n’est en ligne")
    answer(desk)
    words = desk.locator("textarea[name=words]")
    desk.keyboard.press("n")
    desk.keyboard.type("Demande un certificat de sport")
    desk.keyboard.press("F8")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "wrap_up")
    desk.keyboard.press("4")
    expect(card.locator("[name=code]:checked")).to_have_value("message")
    expect(words).to_have_value("Demande un certificat de sport")
    desk.keyboard.press("Enter")
    expect(card).to_have_attribute("data-state", "available")


def test_space_asks_for_a_minute_also_after_a_click_on_how_it_ended(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    desk.keyboard.press("F8")
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "wrap_up")
    card.locator("label.code", has=desk.locator("[value=message]")).click()
    expect(card).to_contain_text("Se termine seul")
    expect(card.locator("[value=message]")).to_be_focused()
    desk.keyboard.press("Space")
    expect(card.locator(".wrap-up .count")).to_have_text("déjà 1 fois")
    expect(card.locator("[name=code]:checked")).to_have_value("message")
    desk.keyboard.press("Enter")
    expect(card).to_have_attribute("data-state", "available")


def test_at_telephone_width_what_can_be_done_stands_below_each_other_and_dead_keys_are_gone(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    desk.set_viewport_size({"width": 390, "height": 844})
    town.dial()
    answer(desk)
    expect(desk.locator("#key-hold button")).to_be_visible()
    desk.keyboard.press("F4")
    acts = desk.locator("#ask dialog .acts > .btn")
    expect(acts).to_have_count(3)
    boxes = acts.evaluate_all("all => all.map((one) => one.getBoundingClientRect().toJSON())")
    assert len({(one["x"], one["width"]) for one in boxes}) == 1
    assert [one["y"] for one in boxes] == sorted(one["y"] for one in boxes)
    desk.keyboard.press("Escape")
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    for key in ("answer", "hold", "transfer", "mute", "hang-up"):
        expect(desk.locator(f"#key-{key} button")).not_to_be_visible()
    expect(desk.locator("#key-emergency button")).to_be_in_viewport(ratio=1)
    expect(desk.locator(".wrap-up .code").last).to_be_in_viewport(ratio=1)
    desk.keyboard.press("0")
    expect(desk.locator("[name=code]:checked")).to_have_value("put_through")
    desk.set_viewport_size({"width": 1366, "height": 768})
    expect(desk.locator("#key-hold button")).to_be_visible()


def test_what_is_typed_is_back_after_a_reload_elsewhere_and_after_a_cut(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial(number="+33639980009")
    answer(desk)
    desk.keyboard.press("0")
    expect(desk.locator("[name=family_name]")).to_be_focused()
    desk.keyboard.type("Sénéchal")
    desk.keyboard.press("Tab")
    desk.keyboard.type("Zoé <b>🩺")
    desk.reload()  # within the three seconds: sent as the page goes
    _is_there(desk, "Sénéchal", "Zoé <b>🩺")
    elsewhere = town.sign_in("ines")
    elsewhere.keyboard.press("F9")
    _is_there(elsewhere, "Sénéchal", "Zoé <b>🩺")
    elsewhere.context.close()

    # The network is cut: she types on, nothing is overwritten, and it is sent once the network is back.
    desk.keyboard.press("F9")
    _is_there(desk, "Sénéchal", "Zoé <b>🩺")
    desk.context.set_offline(True)
    desk.locator("[name=given_name]").fill("Zoé-Lou")
    desk.wait_for_timeout(4000)
    desk.context.set_offline(False)
    desk.evaluate("document.body.dispatchEvent(new CustomEvent('live:reconnect'))")
    expect(desk.locator("[name=given_name]")).to_have_value("Zoé-Lou")
    with town.database.reading(ALL) as session:
        kept = select(Draft.fields).where(Draft.form == "new-patient")
        for _ in range(60):
            if "Zoé-Lou" in (session.scalar(kept) or ""):
                break
            desk.wait_for_timeout(200)
            session.rollback()
        assert "Zoé-Lou" in session.scalars(kept).one()

    # Sent, it is no draft any more: the form is empty for the next one.
    desk.locator("[name=birth_on]").fill("14/03/1958")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk-card .phrase")).to_contain_text("Sénéchal")
    desk.wait_for_timeout(3500)  # longer than the pace at which drafts are sent
    desk.reload()
    desk.keyboard.press("0")
    expect(desk.locator("[name=family_name]")).to_be_empty()


def test_the_supervisor_sets_the_times(town: Town) -> None:
    town.account("sophie", "Sophie Blanc", Role.SUPERVISOR)
    page = town.sign_in("sophie")
    page.goto("/wrap-up-times")
    expect(page.locator("#seconds-message")).to_have_value("45")
    page.fill("#seconds-message", "deux")
    page.keyboard.press("Enter")
    expect(page.locator("#seconds-message-why")).to_contain_text("par exemple 30")
    expect(page.locator("#seconds-message")).to_have_value("deux")
    page.fill("#seconds-message", "75")
    page.keyboard.press("Enter")
    expect(page.locator("#seconds-message-why")).to_have_count(0)
    expect(page.locator("#seconds-message")).to_have_value("75")


def _is_there(desk: Page, family: str, given: str) -> None:
    expect(desk.locator("[name=family_name]")).to_be_visible()
    expect(desk.locator("[name=family_name]")).to_have_value(family)
    expect(desk.locator("[name=given_name]")).to_have_value(given)

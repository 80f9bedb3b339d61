"""Several visits in a row, booked by keyboard: proposed, one left out, one text for all."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.agenda.models import Appointment
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, answer, choose_person, open_tilleuls, operator


def test_four_weeks_of_care_are_booked_in_one_go_and_taken_back_in_one(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("l")
    expect(desk.locator("#book-it")).to_be_focused()
    desk.keyboard.press("s")
    dialog = desk.locator("dialog.series")
    expect(dialog.locator("[name=start]:checked")).to_have_count(4)
    expect(dialog.locator("#series-count")).to_be_focused()
    desk.keyboard.press("Control+a")
    desk.keyboard.type("3")
    expect(dialog.locator("[name=start]:checked")).to_have_count(3)
    dialog.locator("#series-every").select_option("2")
    expect(dialog.locator("li").nth(1)).to_contain_text("7 décembre")
    dialog.locator("[name=start]").last.uncheck()
    dialog.locator("#series-it").press("Enter")
    expect(dialog).to_have_count(0)
    expect(desk.locator(".booked-here li")).to_have_count(2)
    with town.database.reading(ALL) as session:
        booked = session.scalars(select(Appointment).order_by(Appointment.start)).all()
    assert [one.start - booked[0].start for one in booked] == [0, 14 * 86_400]
    assert len({one.series_id for one in booked}) == 1

    # In one go they are taken back.
    expect(desk.locator("#desk-undo")).to_be_visible()
    desk.keyboard.press("Control+z")
    expect(desk.locator(".booked-here li.cancelled")).to_have_count(2)
    with town.database.reading(ALL) as session:
        assert set(session.scalars(select(Appointment.status))) == {"cancelled"}


def test_a_figure_typed_in_the_instant_after_the_dialog_came_counts(town: Town) -> None:
    open_tilleuls(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")
    desk.keyboard.press("l")
    expect(desk.locator("#book-it")).to_be_focused()
    desk.evaluate("htmx.config.defaultSettleDelay = 1500")  # a machine with much else to do
    desk.keyboard.press("s")
    expect(desk.locator("#series-count")).to_be_focused()
    desk.keyboard.press("Control+a")
    desk.keyboard.type("3")
    expect(desk.locator("dialog.series [name=start]:checked")).to_have_count(3)

"""The doctor's telephone: what an operator books is there without a reload, in the day and in the week."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from callcenter.directory.models import Role
from tests.stories.conftest import Town
from tests.stories.tilleuls import answer, choose_person, open_tilleuls, operator


def test_a_booking_reaches_the_doctor_s_telephone_by_itself(town: Town, figure: Callable[[str], None]) -> None:
    account = town.account("lemoine", "Dr Lemoine", Role.PRACTITIONER)
    open_tilleuls(town, doctor_account=account)
    doctor = town.sign_in("lemoine", viewport={"width": 390, "height": 844})
    expect(doctor.locator(".day-mode")).to_be_visible()
    expect(doctor.locator(".week-mode")).to_be_hidden()
    expect(doctor.locator(".day-mode")).to_contain_text("Pas encore de rendez-vous")
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    choose_person(desk, "Hélène Vasseur")

    _fits(doctor)
    doctor.evaluate("document.stays = true")
    _book(desk, count=1)
    _arrives(doctor, ".day-mode .now-row", "VASSEUR", where="day", figure=figure)

    doctor.locator(".day-mode .seg a", has_text="Semaine").click()
    week = doctor.locator(".week-mode")
    expect(week).to_be_visible()
    expect(week.locator("li.appt")).to_have_count(1)
    _fits(doctor)
    doctor.evaluate("document.stays = true")
    _book(desk, count=2)
    _arrives(doctor, ".week-mode li.appt >> nth=1", "VASSEUR", where="week", figure=figure)


def _book(desk: Page, *, count: int) -> None:
    """The first free time, by keyboard; returns as soon as the server has answered, which is after its commit."""
    desk.keyboard.press("l")
    expect(desk.locator("#book-it")).to_be_focused()
    with desk.expect_response(lambda answer: answer.url.endswith("/appointments")) as answered:
        desk.keyboard.press("Enter")
    assert answered.value.status == 200
    expect(desk.locator(".booked-here li")).to_have_count(count)


def _arrives(doctor: Page, row: str, name: str, *, where: str, figure: Callable[[str], None]) -> None:
    committed = time.monotonic()
    doctor.locator(row).wait_for(state="visible")
    figure(f"on the doctor's {where} {(time.monotonic() - committed) * 1000:.0f} ms after the desk knew")
    expect(doctor.locator(row)).to_contain_text(name, ignore_case=True)
    assert doctor.evaluate("document.stays") is True  # no reload


def _fits(page: Page) -> None:
    """Nothing hangs over the edge of a telephone."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

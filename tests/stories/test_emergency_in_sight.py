"""On the emergency card nothing that is to be said or pressed next lies out of sight, on the screens of the trade."""

from __future__ import annotations

import os
import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.stories.conftest import Town
from tests.stories.tilleuls import REGULATOR, SECOND_LINE, answer, keep_emergency_lines, open_tilleuls, operator

SCREENS = [(1366, 768), (1280, 800)]

# What is cut by its card, or covered by something else, is not what lies at its own corners.
IN_SIGHT = """(one) => {
  const box = one.getBoundingClientRect();
  return [[box.left + 8, box.top + 3], [box.right - 8, box.bottom - 3]].every(([x, y]) => {
    const found = document.elementFromPoint(x, y);
    return found !== null && one.contains(found);
  });
}"""


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_question_and_its_answers_stay_in_sight_and_in_their_place(town: Town, width: int, height: int) -> None:
    open_tilleuls(town)
    desk = operator(town, "camille", "Camille Roux")
    desk.set_viewport_size({"width": width, "height": height})
    town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    question = desk.locator("#relay-gate .asking")
    answers = question.get_by_role("button")
    places = []
    for answered in range(3):
        expect(desk.locator("#relay-gate :is(.given, .flag)")).to_have_count(answered)
        expect(answers).to_have_count(3)
        _look(desk, f"question-{width}-{answered}")
        seen = [question, *answers.all(), *desk.locator("#relay-gate .tiles li").all()]
        assert [one.inner_text() for one in seen if not one.evaluate(IN_SIGHT)] == []
        places.append([one.bounding_box() for one in answers.all()])
        desk.keyboard.press("1")
    assert places == [places[0]] * 3
    assert desk.locator("#relay-callback").evaluate("(field) => field.scrollWidth <= field.clientWidth")
    assert desk.locator("#relay-line .fallback li").last.evaluate(IN_SIGHT)

    # The field she writes into comes out from behind it.
    desk.keyboard.press("F6")
    assert desk.locator("#relay-address").evaluate(IN_SIGHT)

    # That it is kept is said beside what confirms it, and moves nothing either.
    height = desk.locator("#relay .place").bounding_box()
    desk.keyboard.type("12 rue des Acacias")
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay-kept")).to_contain_text("Enregistré")
    assert desk.locator("#relay-kept").evaluate(IN_SIGHT)
    assert desk.locator("#relay .place").bounding_box() == height


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_current_step_and_what_is_left_stay_in_sight_when_the_next_line_is_dialled(
    town: Town, width: int, height: int
) -> None:
    tilleuls = open_tilleuls(town)
    keep_emergency_lines(town, tilleuls.practice_id, ("44", "SAMU 44, seconde ligne", SECOND_LINE))
    httpx.put(f"{town.carrier_url}/network/phones/{REGULATOR}", json={"answers": "busy"}).raise_for_status()
    desk = operator(town, "camille", "Camille Roux")
    desk.set_viewport_size({"width": width, "height": height})
    patient = town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    expect(desk.locator("#relay-line .fallback .next")).to_be_visible()
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay-line .speaking")).to_contain_text("Sonnerie")
    expect(desk.locator("#relay-steps .amiss")).to_have_count(1)
    _look(desk, f"steps-{width}-ringing")
    _until_in_sight(desk)

    httpx.post(f"{town.carrier_url}/network/phones/{SECOND_LINE}/answer").raise_for_status()
    expect(desk.locator("#relay-line .speaking")).to_contain_text("régulateur")
    _look(desk, f"steps-{width}-answered")
    _until_in_sight(desk)

    # She may look back, and is not torn away by a signal that brings no step.
    listing = desk.locator("#relay-steps .timeline")
    listing.evaluate("(list) => { list.scrollTop = 0; }")
    with desk.expect_response("**/desk/emergency/live**"):
        desk.evaluate("() => document.body.dispatchEvent(new CustomEvent('live:reconnect'))")
    desk.evaluate("() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 100))")
    assert listing.evaluate("(list) => list.scrollTop") == 0

    # Taken over: other words on the keys, and nothing moves. F8 then leaves the line from here, in one press.
    expect(desk.locator("#relay-primary [data-key=Enter]")).to_be_enabled(timeout=10_000)
    before = _places(desk)
    desk.keyboard.press("Enter")
    expect(desk.locator("#relay .strip.calm")).to_be_visible()
    _look(desk, f"steps-{width}-taken-over")
    assert _places(desk) == before
    desk.keyboard.press("F8")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "wrap_up")
    expect(desk.locator("#relay")).to_have_count(0)
    assert httpx.get(f"{town.carrier_url}/network/calls/{patient}").json()["with"] == ["emergency-2"]


def _until_in_sight(desk: Page) -> None:
    """The last step that is done, all that are to come, and the number to ring back."""
    steps = desk.locator("#relay-steps")
    ends = time.monotonic() + 5
    while True:
        wanted = [steps.locator(".done").last, *steps.locator(".todo").all(), steps.locator(".dropped")]
        if all(one.evaluate(IN_SIGHT) for one in wanted):
            return
        assert time.monotonic() < ends, [one.inner_text() for one in wanted if not one.evaluate(IN_SIGHT)]
        time.sleep(0.05)


def _places(desk: Page) -> list[object]:
    parts = ["#relay-strip", "#relay-line", "#relay .facts", "#relay-gate .tiles", "#relay-steps", "#relay-keys"]
    return [desk.locator(part).bounding_box() for part in parts]


def _look(desk: Page, name: str) -> None:
    folder = os.environ.get("LOOK_AT")
    if folder:
        desk.screenshot(path=f"{folder}/{name}.png")

"""The frame in a real browser: keys, rows, help, timers, presence, the ring, and no fault in its console."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from callcenter.core.db import touch
from callcenter.directory.models import Role
from callcenter.web.keys import KEYS
from tests.web.serving import SEED, Served, serve

# What a page of the product may hold, put into the board's: the keys are read from the elements.
PANEL = """
() => {
  document.querySelector("main").insertAdjacentHTML("afterbegin", `
    <p id="log"></p>
    <nav class="softkeys">
      <button data-key="F2" data-key-label="Décrocher" data-log="F2">F2</button>
      <button data-key="F3" data-key-label="Garde" data-log="F3" disabled>F3</button>
      <button data-key="F12" data-log="F12" hidden>F12</button>
    </nav>
    <button data-key="1" data-key-label="RDV pris" data-log="1">1</button>
    <button data-key="l" data-log="l">L</button>
    <button data-key="Control+k" data-log="Control+k">K</button>
    <textarea data-key="n" data-key-label="Ses mots" id="words"></textarea>
    <ul data-rows><li data-row><a href="#a" id="a">A</a></li><li data-row><a href="#b" id="b">B</a></li></ul>
    <dialog id="ask"><button data-key="2" data-log="dialog 2">2</button></dialog>`);
  document.addEventListener("click", ({ target }) => {
    const name = target.closest("[data-log]")?.dataset.log;
    if (name) document.querySelector("#log").append(name + ";");
  });
}
"""


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, on a port."""
    with serve(sqlite_url) as product:
        yield product


@pytest.fixture
def board(served: Served, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """Nadia's board."""
    context = browser.new_context(**browser_context_args, base_url=served.url)
    cookie = served.cookie(served.staff("nadia", Role.SUPERVISOR))
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookie.items()])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto("/board")
    page.locator(".emergency-key").evaluate("(one) => one.remove()")  # it is on every page, and answers by itself
    yield page
    assert faults == []
    context.close()


def test_a_key_presses_what_is_visible_and_enabled(board: Page) -> None:
    board.evaluate(PANEL)
    for key in ("F2", "F3", "F12", "l", "Control+k"):
        board.keyboard.press(key)
    expect(board.locator("#log")).to_have_text("F2;l;Control+k;")


def test_what_browsers_do_with_function_keys_is_theirs_only_where_the_registry_has_none(board: Page) -> None:
    """Search, caret browsing, menus: none of them opens where soft keys are, whether or not a key answers now."""
    press = """(names) => names.filter(
      (key) => !document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))"""
    names = [f"F{number}" for number in range(1, 13)]
    assert board.evaluate(press, names) == []
    board.evaluate(PANEL)
    taken = {one.press for one in KEYS.values()}
    assert board.evaluate(press, names) == [name for name in names if name in taken]


def test_digits_go_by_the_physical_key_of_a_french_keyboard_and_of_the_pad(board: Page) -> None:
    board.evaluate(PANEL)
    press = "(init) => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))"
    board.evaluate(press, {"key": "&", "code": "Digit1"})
    board.evaluate(press, {"key": "1", "code": "Numpad1"})
    board.evaluate(press, {"key": "1", "code": "Digit1", "shiftKey": True})
    board.evaluate(press, {"key": "End", "code": "Numpad1"})
    expect(board.locator("#log")).to_have_text("1;1;1;")


def test_characters_wait_while_somebody_types_and_function_keys_do_not(board: Page) -> None:
    board.evaluate(PANEL)
    board.keyboard.press("n")
    expect(board.locator("#words")).to_be_focused()
    board.keyboard.type("l1?n")
    board.keyboard.press("F2")
    expect(board.locator("#words")).to_have_value("l1?n")
    expect(board.locator("#log")).to_have_text("F2;")
    expect(board.locator("#keys-help")).to_be_hidden()


def test_an_open_dialog_keeps_the_keys_to_itself(board: Page) -> None:
    board.evaluate(PANEL)
    board.keyboard.press("2")
    board.evaluate("document.querySelector('#ask').showModal()")
    board.keyboard.press("F2")
    board.keyboard.press("2")
    board.keyboard.press("Escape")
    board.keyboard.press("1")
    expect(board.locator("#log")).to_have_text("dialog 2;1;")


def test_page_keys_choose_rows(board: Page) -> None:
    board.evaluate(PANEL)
    board.keyboard.press("PageDown")
    expect(board.locator("#a")).to_be_focused()
    board.keyboard.press("PageDown")
    board.keyboard.press("PageDown")
    expect(board.locator("#b")).to_be_focused()
    board.keyboard.press("PageUp")
    expect(board.locator("#a")).to_be_focused()


def test_help_tells_the_keys_of_the_page(board: Page) -> None:
    board.keyboard.press("?")
    lines = board.locator("#keys-help dl > div")
    expect(lines.filter(has_text="Fermer").locator("kbd")).to_have_text("Échap")
    expect(lines.filter(has_text="Décrocher")).to_have_count(0)  # the desk's
    board.keyboard.press("Escape")
    expect(board.locator("#keys-help")).to_be_hidden()


def test_timers_tick_and_change_colour_at_their_threshold(board: Page) -> None:
    expect(board.locator("[data-clock]")).to_have_text("09:14")
    board.evaluate(
        """() => {
          const since = Number(document.documentElement.dataset.now) - 38;
          document.querySelector("main").insertAdjacentHTML("afterbegin",
            `<span class="timer" id="wait"
               data-since="${since}" data-attn="20" data-late="40"><b data-tick></b></span>`);
        }"""
    )
    expect(board.locator("#wait")).to_have_class("timer attn")
    expect(board.locator("#wait")).to_have_class("timer late")
    expect(board.locator("#wait")).to_have_text("0:40")


def test_what_changed_before_the_page_could_hear_is_read_as_soon_as_it_can(board: Page) -> None:
    with board.expect_response("**/board/waiting"), board.expect_response("**/board/agents"):
        board.reload()


def test_a_signal_re_reads_the_region_and_nothing_else(served: Served, board: Page) -> None:
    expect(board.locator("body")).to_have_attribute("data-caught-up", "yes")
    expect(board.locator(".htmx-request")).to_have_count(0)
    board.wait_for_function("document.querySelector('#board-agents').dataset.seen = 'yes'")
    board.evaluate("document.body.addEventListener('topic:outbox', () => { document.body.dataset.heard = 'outbox' })")
    expect(board.locator("body")).to_have_attribute("data-connection", "up")
    with board.expect_response("**/board/outbox") as answer, served.database.unit_of_work(SEED) as session:
        touch(session, "outbox")
    assert answer.value.ok
    expect(board.locator("body")).to_have_attribute("data-heard", "outbox")
    expect(board.locator("#board-agents")).to_have_attribute("data-seen", "yes")


def test_a_cut_connection_is_said_and_its_end_re_reads_everything(served: Served, board: Page) -> None:
    expect(board.locator("body")).to_have_attribute("data-connection", "up")
    board.evaluate("document.body.dispatchEvent(new CustomEvent('live:down'))")
    expect(board.locator("#offline")).to_be_hidden()
    expect(board.locator("#offline")).to_be_visible(timeout=5000)
    expect(board.locator("#offline")).to_contain_text("Connexion coupée.")
    with board.expect_response("**/board/waiting"), board.expect_response("**/board/agents"):
        board.evaluate(
            "['live:up', 'live:reconnect'].forEach((name) => document.body.dispatchEvent(new CustomEvent(name)))"
        )
    expect(board.locator("#offline")).to_be_hidden()


def test_a_ringing_call_stands_in_the_title_until_it_is_gone(board: Page) -> None:
    quiet = board.title()
    board.evaluate(
        """document.querySelector("main").insertAdjacentHTML("beforeend",
             '<p id="offer" data-ringing="5" data-ringing-title="Appel entrant : Cabinet des Tilleuls"></p>')"""
    )
    board.wait_for_function("() => document.title.startsWith('Appel entrant')")
    board.evaluate("document.querySelector('#offer').remove()")
    board.wait_for_function("(quiet) => document.title === quiet", arg=quiet)


def test_light_and_dark_change_at_once_and_are_kept(board: Page) -> None:
    root = board.locator("html")
    with board.expect_response("**/theme"):
        board.locator("[data-theme-form] button").click()
    expect(root).to_have_attribute("data-theme", "dark")
    board.reload()
    expect(root).to_have_attribute("data-theme", "dark")


def test_the_other_language_is_one_click_away_and_kept(board: Page) -> None:
    board.get_by_role("button", name="English").click()
    expect(board.get_by_role("link", name="Board", exact=True)).to_be_visible()
    expect(board.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("width", [1440, 720, 390])
def test_nothing_is_wider_than_the_screen(board: Page, width: int) -> None:
    board.set_viewport_size({"width": width, "height": 844})
    assert board.evaluate("document.documentElement.scrollWidth") <= width


def test_each_script_of_a_page_runs_once_whoever_imports_it(served: Served, browser: Browser) -> None:
    """A script under two addresses would be two: two listeners, and a click on the theme that undoes itself."""
    context = browser.new_context(base_url=served.url)
    cookie = served.cookie(served.staff("camille", Role.OPERATOR))
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookie.items()])
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if "/js/" in request.url else None)
    page.goto("/desk")
    page.wait_for_load_state("load")
    names = [one.rpartition("/")[2] for one in loaded]
    assert "frame.js" in names
    assert sorted(names) == sorted(set(names))

    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    root = page.locator("html")
    before = root.get_attribute("data-theme")
    page.locator("[data-theme-form] button").click()
    expect(root).not_to_have_attribute("data-theme", before or "")
    assert sum(one.endswith("/theme") for one in posts) == 1
    # A page of the version before still finds its scripts.
    marked = loaded[0].split("/static/v-")[1][:10]
    old = loaded[0].replace(marked, "0123456789")
    answer = page.request.get(old)
    assert answer.ok
    assert answer.headers["cache-control"] == "no-cache"  # not to be kept as that version's
    assert "immutable" in page.request.get(loaded[0]).headers["cache-control"]
    context.close()


def test_escape_gives_the_keyboard_back_before_it_closes_anything(board: Page) -> None:
    board.evaluate(PANEL)
    board.keyboard.press("n")
    words = board.locator("#words")
    expect(words).to_be_focused()
    board.keyboard.type("1l")
    board.keyboard.press("Escape")
    expect(words).not_to_be_focused()
    board.keyboard.press("1")
    expect(words).to_have_value("1l")
    expect(board.locator("#log")).to_have_text("1;")


def test_the_help_opens_at_its_beginning(board: Page) -> None:
    board.set_viewport_size({"width": 1366, "height": 500})
    board.keyboard.press("?")
    dialog = board.locator("#keys-help")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("(one) => [one.scrollTop, one.querySelector('.keys-areas').scrollTop]") == [0, 0]

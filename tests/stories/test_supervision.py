"""A supervisor beside an operator: she listens, is heard by her alone, joins; and the operator sees it all along."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from callcenter.directory.models import Role
from tests.stories.conftest import Town
from tests.stories.test_ear import MOBILE, NEEDS_MICROPHONE
from tests.stories.test_transfers import at_carrier, heard, say, sid_of, until
from tests.stories.tilleuls import answer, open_tilleuls, operator

WHY = "première semaine d'Inès 👍 </Say><Dial>"


def supervisor(town: Town) -> Page:
    """At her board; her telephone answers by itself, as a headset does."""
    kept = httpx.put(f"{town.carrier_url}/network/phones/client:claire", json={"answers": "auto"})
    assert kept.is_success, kept.text
    town.account("claire", "Claire Roche", Role.SUPERVISOR, endpoint="client:claire")
    board = town.sign_in("claire")
    board.goto("/board")
    return board


def test_she_listens_whispers_joins_and_leaves_and_the_operator_sees_it(town: Town) -> None:
    open_tilleuls(town)
    board = supervisor(town)
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    operators_label = at_carrier(town, patient)["with"][0]
    watcher = desk.locator("#desk-card .watcher")
    expect(watcher).to_have_count(0)

    expect(board.locator("#beside-2")).to_contain_text("Inès Haddad")
    board.keyboard.press("PageDown")
    board.keyboard.press("Enter")
    dialog = board.locator("#ask dialog")
    expect(dialog.locator("[name=reason]")).to_be_focused()
    board.keyboard.type(WHY)
    board.keyboard.press("F2")
    expect(dialog).to_have_count(0)
    expect(watcher).to_have_attribute("data-mode", "listen")
    expect(watcher).to_contain_text("Claire Roche (superviseure) écoute")
    expect(watcher).to_contain_text(WHY)
    own = board.locator(".own-supervision")
    expect(own).to_contain_text("vous écoutez")
    # Read anew, it is still told; a reload itself would hang up her telephone, which is in this browser.
    assert "Claire Roche (superviseure) écoute" in desk.request.get("/desk").text()
    ear, operators = sid_of(town, "supervisor-1"), sid_of(town, operators_label)
    say(town, ear, "Personne ne m'entend.")
    say(town, patient, "Bonjour, je suis la patiente.")
    until(lambda: "Bonjour, je suis la patiente." in heard(town, ear))
    assert "Personne ne m'entend." not in heard(town, patient) + heard(town, operators)

    board.keyboard.press("F3")
    expect(watcher).to_have_attribute("data-mode", "whisper")
    expect(own).to_contain_text("elle seule vous entend")
    say(town, ear, "Demandez-lui son adresse.")
    until(lambda: "Demandez-lui son adresse." in heard(town, operators))
    assert "Demandez-lui son adresse." not in heard(town, patient)

    board.keyboard.press("F4")
    expect(watcher).to_have_attribute("data-mode", "join")
    say(town, ear, "Bonjour madame, Claire Roche.")
    until(lambda: "Bonjour madame, Claire Roche." in heard(town, patient))

    board.keyboard.press("F2")
    expect(watcher).to_have_attribute("data-mode", "listen")
    say(town, ear, "De nouveau en silence.")
    say(town, patient, "Merci beaucoup.")
    until(lambda: "Merci beaucoup." in heard(town, ear))
    assert "De nouveau en silence." not in heard(town, patient) + heard(town, operators)

    board.keyboard.press("F8")
    expect(watcher).to_have_count(0)
    expect(own).to_have_count(0)
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "talking")
    assert at_carrier(town, patient)["with"] == [operators_label]
    kept = board.locator("#supervision-1")
    expect(kept).to_contain_text("Claire Roche")
    expect(kept).to_contain_text("écoute, 09:")
    expect(kept).to_contain_text("parle avec tous")
    expect(kept).to_contain_text(WHY)


def test_she_listens_in_the_browser_on_her_board_with_one_key(town: Town) -> None:
    open_tilleuls(town)
    # As in the demonstration: nobody answers this address, her telephone is the page.
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint="client:sofia")
    board = town.sign_in("sofia")
    board.goto("/board")
    desk = operator(town, "ines", "Inès Haddad")
    patient = town.dial()
    answer(desk)
    ask_to_listen(board)
    expect(board.locator("#ask dialog")).to_have_count(0)
    expect(board.locator(".own-supervision")).to_contain_text("vous écoutez")
    expect(board.locator("#softphone-state")).to_have_text("Vous êtes en ligne ici.")
    expect(desk.locator("#desk-card .watcher")).to_contain_text("Sofia Lambert (superviseure) écoute")
    ear = sid_of(town, "supervisor-1")
    say(town, patient, "Bonjour, je suis la patiente.")
    until(lambda: "Bonjour, je suis la patiente." in heard(town, ear))
    board.keyboard.press("F8")
    expect(board.locator(".own-supervision")).to_have_count(0)
    expect(board.locator(".unheard")).to_have_count(0)  # she left by herself

    # Her desk in another tab is the same telephone, and hears it when it was there first.
    until(lambda: board.evaluate("softphone.state") == "asleep")
    other = board.context.new_page()
    other.goto("/desk")
    other.keyboard.press("Shift")
    expect(other.locator("#softphone-state")).to_have_attribute("data-state", "ready")
    ask_to_listen(board)
    expect(board.locator(".own-supervision")).to_contain_text("vous écoutez")
    assert other.evaluate("softphone.isHere")


def test_a_telephone_that_is_not_reached_says_so_on_the_board_and_it_stays(town: Town) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint=MOBILE)
    kept = httpx.put(f"{town.carrier_url}/network/phones/{MOBILE}", json={"answers": "busy"})
    assert kept.is_success, kept.text
    board = town.sign_in("sofia")
    board.goto("/board")
    expect(board.locator("#desk-ear")).to_contain_text("Il sonne au 06 39 98 00 33")
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    ask_to_listen(board)
    refused = board.locator(".unheard")
    expect(refused).to_contain_text("Votre téléphone est injoignable : occupé.")
    expect(board.locator("#supervision-1")).to_contain_text("pas entrée dans l’appel")
    expect(board.locator(".own-supervision")).to_have_count(0)
    board.reload()
    expect(refused).to_be_visible()


def test_without_a_microphone_the_dialog_says_so_and_nothing_is_rung(town: Town) -> None:
    open_tilleuls(town)
    town.account("sofia", "Sofia Lambert", Role.SUPERVISOR, endpoint="client:sofia")
    board = town.sign_in("sofia")
    library = httpx.get(f"{town.carrier_url}/sdk/voice-sdk.js").text + NEEDS_MICROPHONE
    board.route("**/sdk/voice-sdk.js", lambda route: route.fulfill(body=library, content_type="text/javascript"))
    board.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('none', 'NotFoundError'); };"
    )
    board.goto("/board")
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    ask_to_listen(board)
    dialog = board.locator("#ask dialog")
    expect(dialog.locator("[data-telephone-state]")).to_contain_text("Pas de micro.")
    board.keyboard.press("F2")
    expect(dialog.locator("[data-telephone-state]")).to_contain_text("Pas de micro.")
    expect(board.locator("#supervision-1")).to_have_count(0)


def ask_to_listen(board: Page) -> None:
    """From the board's first operator on a call, by keyboard."""
    expect(board.locator("#board-supervision [data-row]")).to_have_count(1)
    board.keyboard.press("PageDown")
    board.keyboard.press("Enter")
    expect(board.locator("#ask [name=reason]")).to_be_focused()
    board.keyboard.type("première semaine")
    board.keyboard.press("F2")


def test_in_an_emergency_too_the_operator_sees_who_listens_and_nothing_moves(town: Town) -> None:
    open_tilleuls(town)
    board = supervisor(town)
    desk = operator(town, "ines", "Inès Haddad")
    town.dial()
    answer(desk)
    desk.keyboard.press("F12")
    expect(desk.locator("#relay")).to_be_visible()
    places = [desk.locator(f"#relay {one}") for one in ("#relay-strip", "#relay-line .number", "#relay-address")]
    before = [place.bounding_box() for place in places]
    watcher = desk.locator("#relay .watcher")
    expect(watcher).to_have_count(0)

    expect(board.locator("#beside-2")).to_contain_text("Inès Haddad")
    board.keyboard.press("PageDown")
    board.keyboard.press("Enter")
    expect(board.locator("#ask [name=reason]")).to_be_focused()
    board.keyboard.type(WHY)
    board.keyboard.press("F2")
    expect(watcher).to_have_attribute("data-mode", "listen")
    expect(watcher).to_contain_text("Claire Roche (superviseure) écoute")
    expect(watcher).to_contain_text(WHY)
    expect(watcher).to_be_in_viewport(ratio=1)
    assert [place.bounding_box() for place in places] == before
    board.keyboard.press("F8")
    expect(watcher).to_have_count(0)

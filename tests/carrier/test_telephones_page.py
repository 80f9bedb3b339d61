"""The page of telephones: what rings or talks stands before what is over."""

from playwright.sync_api import Browser, expect

from tests.carrier.running import Running


def test_a_call_that_is_over_goes_behind_those_that_are_not(carrier: Running, browser: Browser) -> None:
    first, second = carrier.place_call(), carrier.place_call(from_="+33639981472")
    page = browser.new_page()
    page.add_init_script(f'sessionStorage.setItem("calls", JSON.stringify(["{first}", "{second}"]))')
    page.goto(f"{carrier.base}/")
    cards = page.locator(".phone")
    expect(cards).to_have_count(2)
    place = "(a, b) => a.offsetTop - b.offsetTop || a.offsetLeft - b.offsetLeft"
    order = f"all => all.sort({place}).map((one) => one.innerText)"
    shown = [text.split("\n")[0] for text in cards.evaluate_all(order)]
    assert shown == ["06\u00a012\u00a034\u00a056\u00a078", "06\u00a039\u00a098\u00a014\u00a072"]
    carrier.http.post(f"/network/calls/{first}/hangup").raise_for_status()
    carrier.advance(0)
    expect(page.locator(".phone.over")).to_have_count(1)
    assert [text.split("\n")[0] for text in cards.evaluate_all(order)] == shown[::-1]
    page.context.close()

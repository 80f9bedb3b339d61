"""``make drill-presence``: an operator is there or she is not, whatever her browser does. One JSON object.

Real browsers before a real product and the stand-in carrier: a hidden tab, a closed one, a laptop that sleeps, a
network that is gone in mid-conversation, two sign-ins. Exit status 0 only when every invariant holds.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from sqlalchemy import select

from callcenter.desk.models import Draft
from callcenter.drills.browser import Browser
from callcenter.drills.desk import STATE, Desk, open_desk
from callcenter.drills.stage import ALL, talks, wait_until
from callcenter.drills.verdict import Verdict, report
from callcenter.local.proxy import Proxy
from callcenter.routing.models import AgentStatus
from callcenter.routing.presence import LEASE_FOR

_LEASE = LEASE_FOR.total_seconds()
_HIDDEN_BY = "another tab of the same window in front of it, in a browser that no testing library keeps in focus"
# How often a timer of ten a second may run in a tab that is really hidden: the browser allows one a second.
_SLOWED_DOWN = 2.0


def hidden(desk: Desk, verdict: Verdict, *, hidden_for: float) -> None:
    """Her tab is behind another for ``hidden_for`` seconds: she is there all the same, and the next call rings."""
    browser = desk.sit_down()
    verdict.expect(desk.come(browser), "she is available")
    browser.evaluate("window.ticks = 0; setInterval(() => window.ticks++, 100)")
    browser.hide()
    began = time.monotonic()
    time.sleep(min(3.0, hidden_for))
    is_hidden = browser.evaluate("document.visibilityState") == "hidden"
    before, at = browser.evaluate("window.ticks"), time.monotonic()
    margins = []
    away = 0
    last: tuple[float, float] | None = None
    while time.monotonic() < began + hidden_for:
        # After five minutes a browser slows timers down once more: what it allowed at the end is told apart.
        if last is None and time.monotonic() >= began + max(hidden_for - 50, hidden_for / 2):
            last = browser.evaluate("window.ticks"), time.monotonic()
        margins.append(desk.lease_left())
        away += not desk.is_(AgentStatus.AVAILABLE)
        time.sleep(1.0)
    was_hidden_for, ticks = time.monotonic() - began, browser.evaluate("window.ticks")
    per_second = (ticks - before) / max(1.0, time.monotonic() - at)
    first, since = last or (before, at)
    at_the_end = (ticks - first) / max(1.0, time.monotonic() - since)
    verdict.expect(
        is_hidden and per_second <= _SLOWED_DOWN, f"the tab is really hidden ({per_second:.1f} ticks a second)"
    )
    verdict.expect(was_hidden_for >= hidden_for, "it was hidden as long as asked")
    verdict.expect(away == 0, f"a hidden tab keeps her at work ({away} looks found her away)")
    verdict.expect(min(margins) > 0, "her lease never lapses while her tab is hidden")
    desk.stage.ring(desk.stage.lines[0], caller=1)
    verdict.expect(wait_until(lambda: desk.is_(AgentStatus.RESERVED), within=10), "the next call is offered to her")
    verdict.expect(browser.wait_for(f"{STATE} === 'ringing'"), "a hidden tab shows the call that rings")
    browser.show()
    browser.press("F2")
    verdict.expect(wait_until(lambda: desk.is_(AgentStatus.ON_CALL), within=10), "and she takes it with one key")
    verdict.figures |= {
        "hidden_by": _HIDDEN_BY,
        "hidden_for_s": round(was_hidden_for, 1),
        "page_ticks_per_second": round(per_second, 2),
        "page_ticks_per_second_at_the_end": round(at_the_end, 2),
        "shortest_lease_left_s": round(min(margins), 1),
    }
    verdict.operations += len(margins) + 1


def closed(desk: Desk, verdict: Verdict) -> None:
    """Her tab is closed: offers stop with her lease, and a patient who rings waits for somebody else."""
    browser = desk.sit_down()
    verdict.expect(desk.come(browser), "she is available")
    browser.close_tab()
    began = time.monotonic()
    verdict.expect(wait_until(lambda: desk.is_(AgentStatus.OFFLINE), within=_LEASE + 5), "a closed tab takes her off")
    took = time.monotonic() - began
    verdict.expect(took <= _LEASE + 2.5, f"offers stop after {_LEASE:.0f} s ({took:.1f})")
    sid = desk.stage.ring(desk.stage.lines[0], caller=2)
    wait_until(lambda: bool(desk.stage.view(sid)["in_conference"]), within=10)
    time.sleep(2.5)
    verdict.expect(desk.is_(AgentStatus.OFFLINE), "nothing is offered to whoever is away")
    desk.stage.hang_up(sid)
    verdict.figures["offers_stopped_after_s"] = round(took, 1)
    verdict.operations += 1


def asleep(desk: Desk, verdict: Verdict, *, asleep_for: float) -> None:
    """Her laptop sleeps, idle and then in mid-conversation: she is told, and no conversation ends."""
    browser = desk.sit_down()
    verdict.expect(desk.come(browser), "she is available")
    browser.sleep()
    time.sleep(asleep_for)
    verdict.expect(desk.is_(AgentStatus.OFFLINE), "nothing is offered to a laptop that sleeps")
    browser.wake()
    told = browser.wait_for(f"{STATE} === 'offline' && document.querySelector('[data-lapsed]')", within=60)
    verdict.expect(told, "she is told that she was away")
    browser.press("F9")
    verdict.expect(wait_until(lambda: desk.is_(AgentStatus.AVAILABLE), within=10), "one key brings her back")
    sid = desk.talk(browser, caller=3)
    browser.sleep()
    time.sleep(asleep_for)
    verdict.expect(desk.is_(AgentStatus.ON_CALL), "a laptop that sleeps ends no conversation")
    verdict.lost += not talks(desk.stage.view(sid))
    browser.wake()
    verdict.expect(browser.wait_for(f"{STATE} === 'talking'", within=60), "awake, she sees her conversation")
    verdict.expect(talks(desk.stage.view(sid)), "patient and operator still speak")
    desk.stage.hang_up(sid)
    verdict.figures["asleep_for_s"] = asleep_for
    verdict.operations += 2


def without_network(desk: Desk, verdict: Verdict, *, cut_for: float) -> None:
    """Her network is gone in mid-conversation: it goes on, and what she types meanwhile is kept."""
    proxy = Proxy("127.0.0.1", desk.stage.ports[0])
    try:
        browser = desk.sit_down(url=f"http://127.0.0.1:{proxy.port}")
        verdict.expect(desk.come(browser), "she is available")
        sid = desk.talk(browser, caller=4)
        field_ = "document.querySelector('[name=family_name]')"
        browser.evaluate("document.querySelector('.new-patient').open = true")
        proxy.stall()
        typed = "Sénéchal-Lemoine"
        for length in range(1, len(typed) + 1):
            browser.evaluate(
                f"{field_}.value = {json.dumps(typed[:length])};"
                f"{field_}.dispatchEvent(new InputEvent('input', {{bubbles: true}}))"
            )
            time.sleep(cut_for / len(typed))
        verdict.expect(desk.is_(AgentStatus.ON_CALL), "a cut network ends no conversation")
        verdict.expect(talks(desk.stage.view(sid)), "patient and operator speak on")
        proxy.cut()
        proxy.resume()
        verdict.expect(wait_until(lambda: _kept(desk, typed), within=60), "what was typed is sent once it is back")
        time.sleep(2)  # the regions have read themselves again
        verdict.expect(browser.evaluate(f"{field_}.value") == typed, "and stands in its field as it was typed")
        verdict.lost += not talks(desk.stage.view(sid))
        desk.stage.hang_up(sid)
    finally:
        proxy.close()
    verdict.figures["network_cut_for_s"] = cut_for
    verdict.operations += 1


def two_sign_ins(desk: Desk, verdict: Verdict) -> None:
    """She signs in elsewhere: that browser takes her desk over and the first says so, and never do both ring."""
    first = desk.sit_down()
    verdict.expect(desk.come(first), "she is available")
    second = desk.sit_down()
    verdict.expect(first.wait_for(f"{STATE} === 'elsewhere'"), "the first is told that her desk is open elsewhere")
    verdict.expect(second.wait_for(f"{STATE} === 'available'"), "and she goes on in the second, without a key")
    _ring_in_one(desk, verdict, rings=second, silent=first, caller=5)
    verdict.expect(second.wait_for(f"{STATE} === 'available'"), "she is available again")
    first.press("F9")
    verdict.expect(second.wait_for(f"{STATE} === 'elsewhere'"), "one key takes it back, and the second is told")
    verdict.expect(first.wait_for(f"{STATE} === 'available'"), "her desk is in the first again")
    _ring_in_one(desk, verdict, rings=first, silent=second, caller=7)
    verdict.operations += 4


def _ring_in_one(desk: Desk, verdict: Verdict, *, rings: Browser, silent: Browser, caller: int) -> None:
    sid = desk.stage.ring(desk.stage.lines[0], caller=caller)
    verdict.expect(rings.wait_for(f"{STATE} === 'ringing'"), "the call rings where her desk is")
    shown = "Boolean(document.querySelector('[data-ringing]'))"
    both = looks = 0
    for _ in range(20):
        both += bool(silent.evaluate(shown))
        looks += bool(rings.evaluate(shown))
        time.sleep(0.2)
    verdict.doubled += both
    verdict.expect(looks > 0 and both == 0, "never do both ring")
    desk.stage.hang_up(sid)


def play(
    folder: Path, seed: int, *, scene: str = "all", hidden_for: float = 360, away_for: float = 20
) -> list[Verdict]:
    """The scenes asked for, each with a product of its own; ``hidden_for`` and ``away_for`` in seconds."""
    scenes: dict[str, Callable[[Desk, Verdict], None]] = {
        "hidden": lambda desk, verdict: hidden(desk, verdict, hidden_for=hidden_for),
        "closed": closed,
        "asleep": lambda desk, verdict: asleep(desk, verdict, asleep_for=away_for),
        "network": lambda desk, verdict: without_network(desk, verdict, cut_for=away_for),
        "two": two_sign_ins,
    }

    one_migration = Lock()  # Alembic knows one at a time in a process

    def played(name: str) -> Verdict:
        verdict = Verdict(name, faults=1)
        with ExitStack() as stage:
            with one_migration:
                desk = stage.enter_context(open_desk(folder / f"{name}-{seed}"))
            scenes[name](desk, verdict)
        return verdict

    # Two at once: each mostly waits for a lease to run out.
    with ThreadPoolExecutor(max_workers=2) as stages:
        return list(stages.map(played, [name for name in scenes if scene in {name, "all"}]))


def main(arguments: list[str] | None = None) -> int:
    """Play the scenes and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", choices=("hidden", "closed", "asleep", "network", "two", "all"), default="all")
    parser.add_argument("--hidden-for", type=float, default=360, help="seconds; a small version takes 20")
    parser.add_argument("--away-for", type=float, default=20, help="seconds asleep, and without network")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-", ignore_cleanup_errors=True) as place:
        verdicts = play(
            Path(place), asked.seed, scene=asked.scene, hidden_for=asked.hidden_for, away_for=asked.away_for
        )
    found = report("presence", asked.seed, verdicts)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 1 if found["broken"] else 0


def _kept(desk: Desk, typed: str) -> bool:
    with desk.stage.database.reading(ALL) as session:
        return any(typed in fields for fields in session.scalars(select(Draft.fields)))


if __name__ == "__main__":
    sys.exit(main())

"""The one stream of a browser: whose signals it carries, how fast, and that it ends when it should."""

import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue

import httpx
import pytest

from callcenter.core.db import Database, touch
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import sign_out
from callcenter.directory.identity import Identity
from callcenter.directory.models import Role
from callcenter.web import live
from callcenter.web.context import SESSION_COOKIE
from tests.web.serving import Served, serve

SEED = Centre(CentreReason.SEED)


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, on a port."""
    with serve(sqlite_url) as product:
        yield product


class Listener:
    """A browser's stream: what it heard, in order."""

    def __init__(self, url: str, cookie: dict[str, str]) -> None:
        self.heard: Queue[str] = Queue()
        self.ended = threading.Event()
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(url, cookie), daemon=True)
        self._thread.start()
        assert self._opened.wait(5)

    def _listen(self, url: str, cookie: dict[str, str]) -> None:
        with httpx.Client(cookies=cookie, timeout=20) as client, client.stream("GET", f"{url}/live") as answer:
            for line in answer.iter_lines():
                if line.startswith("retry:"):
                    self._opened.set()
                if line.startswith("data: "):
                    self.heard.put(line.removeprefix("data: "))
        self.ended.set()

    def next(self, within: float = 3.0) -> str:
        return self.heard.get(timeout=within)

    def silent_for(self, seconds: float) -> bool:
        try:
            self.heard.get(timeout=seconds)
        except Empty:
            return True
        return False


def _signal(database: Database, *topics: str) -> None:
    with database.unit_of_work(SEED) as session:
        touch(session, *topics)


def test_an_operator_hears_of_her_own_calls_and_not_of_a_colleagues_offer(served: Served) -> None:
    camille, ines = served.staff("camille", Role.OPERATOR), served.staff("ines", Role.OPERATOR)
    hers = Listener(served.url, served.cookie(camille))
    _signal(served.database, f"desk-{ines}")
    _signal(served.database, f"desk-{camille}", "call-12")
    assert [hers.next(), hers.next()] == [f"desk-{camille}", "call-12"]
    assert hers.silent_for(0.2)


def test_a_board_topic_arrives_at_once_and_its_followers_together(served: Served) -> None:
    listener = Listener(served.url, served.cookie(served.staff("nadia", Role.SUPERVISOR)))
    began = time.monotonic()
    _signal(served.database, "queue")
    assert listener.next() == "queue"
    assert time.monotonic() - began < 0.5
    for _ in range(5):
        _signal(served.database, "queue")
    assert listener.next() == "queue"
    assert time.monotonic() - began >= 0.9
    assert listener.silent_for(1.3)


def test_nobody_signed_in_gets_no_stream(served: Served) -> None:
    answer = httpx.get(f"{served.url}/live")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (401, "text/plain")


def test_stopping_the_product_ends_the_streams_at_once(served: Served) -> None:
    listener = Listener(served.url, served.cookie(served.staff("camille", Role.OPERATOR)))
    began = time.monotonic()
    served.server.should_exit = True
    assert listener.ended.wait(4)
    assert time.monotonic() - began < 2, "uvicorn would wait for an open stream"


def test_whoever_signs_out_elsewhere_stops_hearing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "IDENTITY_SECONDS", 0.2)
    cookie = served.cookie(served.staff("camille", Role.OPERATOR))
    listener = Listener(served.url, cookie)
    assert not listener.ended.wait(0.6), "while signed in it goes on"
    with served.database.unit_of_work(SEED) as session:
        sign_out(session, cookie[SESSION_COOKIE])
    assert listener.ended.wait(3)


def _streams(served: Served) -> int:
    """How many browsers the product signals; what itself listens for changed lines is none."""
    subscriptions = served.database.broadcast._subscriptions  # type: ignore[attr-defined]
    return sum("queue" in one.topics for one in subscriptions)


def test_a_closed_browser_leaves_nothing_behind(served: Served) -> None:
    cookie = served.cookie(served.staff("camille", Role.OPERATOR))
    with httpx.Client(cookies=cookie) as client, client.stream("GET", f"{served.url}/live") as answer:
        lines = answer.iter_lines()  # kept: a forgotten iterator closes the stream
        next(lines)
        assert _streams(served) == 1
    deadline = time.monotonic() + 3
    while _streams(served) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _streams(served) == 0


def _identity(role: Role, *practice_ids: int) -> Identity:
    return Identity(7, "x", "X", "X", role, None, None, "", frozenset(practice_ids), 1)


def test_a_doctor_hears_only_of_practices_that_are_hers() -> None:
    assert live.topics_of(_identity(Role.PRACTITIONER, 3)) == {"agenda-3", "loops-3", "messages-3", "on-call-3"}
    of_all = {"agenda-*", "messages-*", "on-call-*", "call-*"}
    assert of_all | {"queue", "outbox", "loops", "urgent-messages", "desk-7"} == live.topics_of(
        _identity(Role.OPERATOR, 3, 4)
    )
    assert "call-*" not in live.topics_of(_identity(Role.ADMINISTRATOR, 3))


def test_the_pace_lets_the_first_go_and_keeps_the_last() -> None:
    at = 100.0
    pace = live.Pace(lambda: at, spread=lambda: 0.0)
    pace.add(["queue", "desk-7", "queue"])
    assert pace.take(at) == ["queue", "desk-7"]
    at = 100.4
    pace.add(["queue", "desk-7"])
    assert pace.take(at) == ["desk-7"]
    assert pace.due_at == 101.0
    assert pace.take(101.0) == ["queue"]
    assert pace.due_at == float("inf")


def test_many_screens_take_their_turns_for_the_board_and_none_for_what_is_hers() -> None:
    at = 100.0
    paces = [live.Pace(lambda: at, spread=lambda: 4.0) for _ in range(200)]
    for pace in paces:
        pace.add(["queue", "desk-7"])
    assert all(pace.take(at) == ["desk-7"] for pace in paces)
    turns = [pace.due_at for pace in paces]
    assert (min(turns) >= 100.0, max(turns) <= 104.0) == (True, True)
    assert max(turns) - min(turns) > 2  # spread, not all together
    # And no screen is asked again sooner than all have had their turn.
    pace, at = paces[0], turns[0]
    assert pace.take(at) == ["queue"]
    pace.add(["queue"])
    assert pace.due_at >= turns[0] + 4.0

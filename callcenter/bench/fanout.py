"""``callcenter bench fanout``: from the carrier's webhook to the card in the operator's browser, all screens connected.

Real HTTP on the loopback: the product in one process, every operator's stream and the carrier in another. Calls come at
a steady pace; each rings for the operator who is free longest, whose screen is told so and reads its card. The clock
runs from the first byte of the webhook to the last byte of the card that names this call. The floor is a bare signal in
the same run: a topic handed to the same streams by a route that does nothing else, until its screen hears it.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callcenter.bench.centre import Centre
from callcenter.bench.figures import fanout_row, machine
from callcenter.bench.product import DATABASES, HOST, Product, empty_database
from callcenter.bench.routes import CALL_STATUS, SIGNAL, VOICE
from callcenter.bench.screens import Screen, post
from callcenter.core.errors import StartRefused

OPERATORS = 200
PER_SECOND = 1.4
"""Calls a second that 200 operators answer in the peak hour: the model centre has 387 an hour for 16."""

_SID = re.compile(rb'data-sid="(\w+)"')
_HEARD_WITHIN = 10.0  # seconds
_RINGS_FOR = 3.0
_WARM_UP = 2  # calls that are not counted: templates are compiled, connections opened
_FLOOR_TIMES = 100

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Popped:
    """One round: seconds to each card, seconds to each bare signal."""

    cards: Sequence[float]
    signals: Sequence[float]


class Floor:
    """All operators' screens in front of one product."""

    def __init__(self, product: Product, centre: Centre, *, rereads_queue: bool) -> None:
        self._product, self._centre = product, centre
        self._seen: dict[str, asyncio.Future[float]] = {}
        self._heard: dict[str, asyncio.Future[float]] = {}
        self.screens = [
            Screen(product.port, staff_id, token, rereads_queue=rereads_queue, hear=self._hear, see=self._see)
            for staff_id, token in centre.sign_in_all().items()
        ]

    async def measure(self, *, calls: int, per_second: float, first_sid: int) -> Popped:
        """Open the screens, signal, ring. Raises ``StartRefused`` when a call reached no screen."""
        for screen in self.screens:
            await screen.open()
        try:
            signals = [await self._signal(number) for number in range(_FLOOR_TIMES)]
            self._centre.begin_round()
            rung = [f"CA{number:032x}" for number in range(first_sid, first_sid + _WARM_UP + calls)]
            cards = (await self._ring_all(rung, pause=1 / per_second))[_WARM_UP:]
        finally:
            await asyncio.gather(*(screen.close() for screen in self.screens))
        if faults := sum(screen.faults for screen in self.screens):
            raise StartRefused(f"{faults} reads of the screens were refused.")
        return Popped(cards, signals)

    async def _ring_all(self, sids: Sequence[str], *, pause: float) -> list[float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        tasks = []
        for number, sid in enumerate(sids):
            await asyncio.sleep(max(0.0, began + number * pause - loop.time()))
            tasks.append(asyncio.create_task(self._ring(sid)))
        return list(await asyncio.gather(*tasks))

    async def _ring(self, sid: str) -> float:
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._seen[sid] = seen
        line = next(self._centre.numbers)
        request = self._product.call_request(VOICE, sid, line)
        began = time.perf_counter()
        status = await post(self._product.port, request)
        if b" 200 " not in status:
            raise StartRefused(f"The webhook was answered {status.decode().strip()}.")
        try:
            took = await asyncio.wait_for(seen, _HEARD_WITHIN) - began
        except TimeoutError:
            raise StartRefused(f"Call {sid} reached no screen within {_HEARD_WITHIN:.0f} s.") from None
        # She rings for a while and hangs up: the queue stays as short as on a good day, and changes as often.
        await asyncio.sleep(_RINGS_FOR)
        await post(self._product.port, self._product.call_request(CALL_STATUS, sid, line, status="completed"))
        return took

    async def _signal(self, number: int) -> float:
        topic = f"call-{10_000_000 + number}"  # every desk listens to calls; no region of these screens reads this one
        heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._heard[topic] = heard
        head = f"POST {SIGNAL}?topic={topic} HTTP/1.1\r\nHost: {HOST}:{self._product.port}\r\nContent-Length: 0\r\n\r\n"
        began = time.perf_counter()
        await post(self._product.port, head.encode())
        return await asyncio.wait_for(heard, _HEARD_WITHIN) - began

    def _hear(self, topic: str) -> None:
        # The last screen to hear it ends the wait: a call's screen may be any of them.
        found = self._heard.get(topic)
        if found is not None and not found.done():
            found.set_result(time.perf_counter())

    def _see(self, card: bytes) -> None:
        found = _SID.search(card)
        if found is None or b'data-state="ringing"' not in card:
            return
        seen = self._seen.get(found.group(1).decode())
        if seen is not None and not seen.done():
            seen.set_result(time.perf_counter())


def measure(
    folder: Path, database_url: str, *, operators: int, calls: int, per_second: float, rounds: int
) -> dict[bool, list[Popped]]:
    """Rounds with screens that read only what names them, and with screens that also follow the queue."""
    with (
        contextlib.closing(Centre(database_url, operators=operators)) as centre,
        contextlib.closing(Product(folder, database_url)) as product,
    ):
        found: dict[bool, list[Popped]] = {False: [], True: []}
        first = 1
        for _ in range(rounds):
            for rereads in found:
                floor = Floor(product, centre, rereads_queue=rereads)
                found[rereads].append(asyncio.run(floor.measure(calls=calls, per_second=per_second, first_sid=first)))
                first += _WARM_UP + calls
        return found


def run(
    *,
    databases: Sequence[str] = DATABASES,
    operators: int = OPERATORS,
    calls: int = 60,
    per_second: float = PER_SECOND,
    rounds: int = 2,
    say: Say = lambda _line: None,
) -> dict[str, Any]:
    """Measure, and give the report: ``rounds`` of ``calls`` each, at ``per_second``, before ``operators`` screens."""
    rows = []
    about = machine()
    for database in databases:
        say(f"{database}, {operators} screens")
        with empty_database(database, about) as (folder, url):
            found = measure(folder, url, operators=operators, calls=calls, per_second=per_second, rounds=rounds)
        for rereads, popped in found.items():
            name = "screen pop, all screens follow the queue" if rereads else "screen pop"
            cards = [seconds for one in popped for seconds in one.cards]
            signals = [seconds for one in popped for seconds in one.signals]
            rows.append(fanout_row(name, database, operators, cards, signals))
    return {
        "bench": "fanout",
        "machine": about,
        "rounds": rounds,
        "calls": calls,
        "per_second": per_second,
        "rows": rows,
    }

"""The carrier's requests to the product: signed, retried as Twilio does, and in order where order is counted."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit, urlunsplit

import httpx

from callcenter.carrier.clock import Clock, first_of
from callcenter.carrier.faults import CALLBACK_FAULTS, DOCUMENT_FAULTS, Fault
from callcenter.carrier.network import Network, NetworkError, Reporting

API_VERSION = "2010-04-01"
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
# A document must come: it may only be late, or not come in time.


class Unreachable(Exception):
    """No usable answer: `status` is None when there was none at all."""

    def __init__(self, url: str, status: int | None, why: str) -> None:
        super().__init__(why)
        self.url = url
        self.status = status


def sign(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted form parameters, in base64."""
    signed = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class _Retries:
    count: int
    on: frozenset[str]

    @classmethod
    def asked_in(cls, fragment: str) -> "_Retries":
        """Twilio's connection overrides: `#rc=2&rp=ct,rt,5xx`. One retry, on a failed connection, by default."""
        asked = parse_qs(fragment)
        count = asked.get("rc", ["1"])[0]
        kinds = asked.get("rp", ["ct"])[0]
        return cls(min(int(count), 5) if re.fullmatch(r"\d", count) else 1, frozenset(kinds.split(",")))

    def cover(self, kind: str) -> bool:
        return kind in self.on or "all" in self.on


class Callbacks:
    """Sends requests to the product on behalf of one account."""

    def __init__(
        self, *, account_sid: str, auth_token: str, clock: Clock, network: Network, client: httpx.AsyncClient
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._clock = clock
        self._network = network
        self._client = client
        self._last: dict[str, asyncio.Task[None]] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._held_back: dict[str, asyncio.Future[None]] = {}  # the report that the next one of its subject overtakes

    async def request(self, url: str, params: Mapping[str, str], *, method: str = "POST") -> httpx.Response:
        """One signed request. Raises Unreachable when no answer with a 2xx status came."""
        bare = urldefrag(url).url
        kind = urlsplit(bare).path.rpartition("/")[2]
        fault = self._strike(kind, "document", params, DOCUMENT_FAULTS)
        if fault == "lose":
            raise Unreachable(bare, None, f"Cannot connect to {bare}: the connection was lost.")
        if fault == "delay":
            await self._clock.sleep(self._delay)
        if fault == "timeout":
            # The product has it, and may act on it; its answer comes too late. The 15 s are those of all tries.
            await self._send_unheard(url, params, method.upper())
            await self._clock.sleep(_TIMEOUT.read or 0)
            raise Unreachable(bare, None, f"No answer from {bare} within 15 s.")
        with self._clock.work():
            return await self._request(url, params, method.upper())

    def report(self, subject: str, reporting: Reporting, params: Mapping[str, str]) -> None:
        """Sends a notification after the earlier ones about the same subject; nobody waits for it."""
        fault = self._strike(_kind(params), "report", params, CALLBACK_FAULTS)
        if fault == "lose":
            return
        earlier = self._last.get(subject)
        held_back, overtaken = self._held_back.pop(subject, None), asyncio.get_running_loop().create_future()
        if fault == "reorder":
            self._held_back[subject] = overtaken

        async def send() -> None:
            if fault == "reorder":  # until the next one of its subject was sent, if one comes
                await first_of(self._clock, self._delay, overtaken)
            elif fault == "delay":
                await self._clock.sleep(self._delay)
            with self._clock.work():
                if earlier is not None and fault is None:
                    await asyncio.wait([earlier])
                await self._tell(reporting, params, times=2 if fault == "duplicate" else 1, unheard=fault == "timeout")
            if held_back is not None and not held_back.done():
                held_back.set_result(None)
            if self._last.get(subject) is task:
                del self._last[subject]

        task = asyncio.get_running_loop().create_task(send())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        if fault not in {"reorder", "delay"}:
            self._last[subject] = task

    async def _tell(self, reporting: Reporting, params: Mapping[str, str], *, times: int, unheard: bool) -> None:
        token, method = str(uuid.uuid4()), reporting.method.upper()
        for _ in range(times):
            try:
                if unheard:
                    await self._send_unheard(reporting.url, params, method)
                    raise Unreachable(urldefrag(reporting.url).url, None, "No answer within 15 s.")
                await self._request(reporting.url, params, method, token=token)
            except Unreachable as error:
                self.note_error(11200, str(error), url=error.url, call_sid=params.get("CallSid", ""))

    async def _send_unheard(self, url: str, params: Mapping[str, str], method: str) -> None:
        """Sends it once, whatever is answered."""
        with contextlib.suppress(Unreachable), self._clock.work():
            await self._request(url.partition("#")[0] + "#rc=0", params, method)

    async def close(self) -> None:
        """Forgets what was not sent yet: whoever would send it stops."""
        unsent = list(self._late)
        for task in unsent:
            task.cancel()
        await asyncio.gather(*unsent, return_exceptions=True)

    @property
    def _delay(self) -> float:
        return self._network.faults.plan.delay if self._network.faults.plan else 0.0

    def _strike(self, kind: str, group: str, params: Mapping[str, str], among: tuple[Fault, ...]) -> Fault | None:
        event = params.get("StatusCallbackEvent") or params.get("CallStatus") or params.get("MessageStatus", "")
        sid = params.get("ConferenceSid") or params.get("CallSid") or params.get("MessageSid", "")
        fault = self._network.faults.strike(kind, group, f"{event} {sid}".strip(), self._clock.now(), among)
        if fault is not None:
            self._network.changed()
        return fault

    def note_error(self, code: int, message: str, *, url: str = "", call_sid: str = "") -> None:
        """Keeps what Twilio's debugger would show."""
        self._network.errors.append(NetworkError(self._clock.now(), code, message, url, call_sid))
        del self._network.errors[:-1000]
        self._network.changed()

    async def _request(self, url: str, params: Mapping[str, str], method: str, *, token: str = "") -> httpx.Response:
        bare, fragment = urldefrag(url)
        form = {"AccountSid": self._account_sid, "ApiVersion": API_VERSION, **params}
        if method == "GET":
            parts = urlsplit(bare)
            query = "&".join(filter(None, (parts.query, urlencode(form))))
            bare, form = urlunsplit(parts._replace(query=query)), {}
        headers = {
            "X-Twilio-Signature": sign(self._auth_token, bare, form),
            # The same for every attempt: that is how the product knows a retry.
            "I-Twilio-Idempotency-Token": token or str(uuid.uuid4()),
            "User-Agent": "TwilioProxy/1.1",
        }
        retries = _Retries.asked_in(fragment)
        attempt = 0
        while True:
            try:
                answer = await self._client.request(method, bare, data=form or None, headers=headers, timeout=_TIMEOUT)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                kind, failure = "ct", Unreachable(bare, None, f"Cannot connect to {bare}: {error!r}.")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                kind, failure = "rt", Unreachable(bare, None, f"No answer from {bare}: {error!r}.")
            else:
                if answer.is_success:
                    return answer
                kind = f"{answer.status_code // 100}xx"
                failure = Unreachable(bare, answer.status_code, f"{bare} answered {answer.status_code}.")
            attempt += 1
            if attempt > retries.count or not retries.cover(kind):
                raise failure


def _kind(params: Mapping[str, str]) -> str:
    if "ConferenceSid" in params and "StatusCallbackEvent" in params:
        return "conference"
    return "message" if "MessageSid" in params else "call"

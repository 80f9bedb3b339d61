"""The state of the telephone network: who has a phone, who is on a call, in which conference, and what was said."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenter.carrier.faults import Faults
from callcenter.carrier.mailbox import Mailbox
from callcenter.carrier.numbers import OwnedNumber
from callcenter.carrier.sdk_devices import Devices

Answers = Literal["auto", "person", "never", "busy", "unreachable", "absent"]
Deliveries = Literal["delivered", "undelivered", "failed"]
LineKind = Literal["heard", "said", "note"]

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
# Ended calls kept for those who ask late; older ones are forgotten so that a long demo does not grow.
_CALLS_KEPT = 20_000
_MESSAGES_KEPT = 20_000


@dataclass
class Phone:
    """A registered telephone and what it does when it rings."""

    address: str
    answers: Answers = "person"
    after_seconds: float = 0.3
    says: list[str] = field(default_factory=list)
    name: str = ""
    messages: Deliveries | None = None


@dataclass(frozen=True)
class Line:
    """One line of a conversation, as one telephone heard (or said) it."""

    at: datetime
    who: str
    text: str
    kind: LineKind = "heard"


@dataclass(frozen=True)
class Reporting:
    """Where somebody wants to be told, and about which events."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset()


@dataclass(eq=False)
class Call:
    """One leg: a telephone and the carrier. `api` calls were asked for by the product."""

    sid: str
    from_: str
    to: str
    direction: Literal["inbound", "outbound-api", "outbound-dial"]
    created_at: datetime
    status: str = "queued"
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    parent_sid: str | None = None
    label: str = ""
    reporting: Reporting | None = None
    sequence: int = 0
    lines: list[Line] = field(default_factory=list)
    participant: "Participant | None" = None
    invited_to: "Conference | None" = None
    bridge: "Call | None" = None
    answered_on: str = ""  # the browser that has it, by name
    is_silent: bool = False  # muted in that browser: nobody hears what is said there
    task: asyncio.Task[None] | None = None
    pick_up: "asyncio.Future[bool] | None" = None
    digits: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    speech: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    on_end: list[Callable[[], None]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        return self.status in ENDED

    @property
    def phone_address(self) -> str:
        """The telephone on the network's side of this leg."""
        return self.from_ if self.direction == "inbound" else self.to

    @property
    def who(self) -> str:
        """How others in the conversation see this leg: its label, failing that its address."""
        return self.label or self.phone_address or "anonymous"

    def seconds(self) -> int:
        """Length of the conversation, 0 when never answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(0, round((self.ended_at - self.answered_at).total_seconds()))


@dataclass(eq=False)
class Participant:
    """A leg inside a conference, with what the product asked for it."""

    call: Call
    conference: "Conference"
    joined_at: datetime
    gone: "asyncio.Future[str]"
    start_on_enter: bool = True
    end_on_exit: bool = False
    muted: bool = False
    hold: bool = False
    coached_sid: str = ""
    wait_url: str | None = None
    wait_method: str = "POST"
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def coaching(self) -> bool:
        return bool(self.coached_sid)


@dataclass(eq=False)
class Conference:
    """A named room; several may have had the same name, only one of them is open."""

    sid: str
    friendly_name: str
    created_at: datetime
    status: Literal["init", "in-progress", "completed"] = "init"
    updated_at: datetime | None = None
    participants: dict[str, Participant] = field(default_factory=dict)
    reporting: Reporting | None = None
    reporting_settled: bool = False
    sequence: int = 0
    max_participants: int = 250
    reason_ended: str | None = None
    ended_by: str | None = None

    @property
    def is_conversation(self) -> bool:
        """Whether people hear one another; otherwise whoever is here hears the waiting music."""
        return self.status == "in-progress" and len(self.participants) > 1


@dataclass(eq=False)
class Recording:
    """A stretch of a leg that was recorded; what was said is not kept."""

    sid: str
    call: Call
    began_at: datetime
    room_sid: str | None  # of the conference that the leg was in then
    stopped_at: datetime | None = None


@dataclass(eq=False)
class TextMessage:
    """An SMS on its way."""

    sid: str
    from_: str
    to: str
    body: str
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    service_sid: str | None = None
    sent_at: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None
    reporting: Reporting | None = None


@dataclass(frozen=True)
class NetworkError:
    """What Twilio's debugger would show: a document or a callback that could not be used."""

    at: datetime
    code: int
    message: str
    url: str = ""
    call_sid: str = ""


class Network:
    """All of it, in memory; changed only from the event loop."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}
        self.numbers: dict[str, OwnedNumber] = {}
        self.calls: dict[str, Call] = {}
        self.live_calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.open_conferences: dict[str, Conference] = {}
        self.messages: dict[str, TextMessage] = {}
        self.mailbox = Mailbox()
        self.recordings: dict[str, Recording] = {}
        self.errors: list[NetworkError] = []
        self.faults = Faults()
        self.devices = Devices()
        self.closing = False
        self._listeners: set[asyncio.Event] = set()

    def add_call(self, call: Call) -> None:
        self.calls[call.sid] = call
        self.live_calls[call.sid] = call
        if len(self.calls) > _CALLS_KEPT:
            oldest = next(iter(self.calls))
            if oldest not in self.live_calls:
                del self.calls[oldest]
        self.changed()

    def add_message(self, message: TextMessage) -> None:
        self.messages[message.sid] = message
        if len(self.messages) > _MESSAGES_KEPT:
            del self.messages[next(iter(self.messages))]
        self.changed()

    def add_conference(self, conference: Conference) -> None:
        self.conferences[conference.sid] = self.open_conferences[conference.sid] = conference

    def open_conference(self, name: str) -> Conference | None:
        """The one open room of that name, or with that sid."""
        for conference in self.open_conferences.values():
            if name in (conference.friendly_name, conference.sid):
                return conference
        return None

    def call_at(self, address: str) -> Call | None:
        """The latest live call of a telephone."""
        for call in reversed(self.live_calls.values()):
            if call.phone_address == address:
                return call
        return None

    def name_of(self, call: Call) -> str:
        """What a person reads for this leg: the phone's name, its label, or its address."""
        phone = self.phones.get(call.phone_address)
        return (phone.name if phone else "") or call.who

    def changed(self) -> None:
        """Tells the pages that something is new."""
        for bell in self._listeners:
            bell.set()

    def close(self) -> None:
        """Lets the open streams end, so that the process can."""
        self.closing = True
        self.devices.close()
        self.changed()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._listeners.add(bell)
        try:
            yield bell
        finally:
            self._listeners.discard(bell)

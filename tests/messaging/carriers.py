"""A carrier and a mail server for the outbox's tests: unreachable, slow, or refusing; they remember what they took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.core.errors import ProviderError


@dataclass
class Text:
    sid: str
    to: str
    sender: str
    body: str
    status_callback: str


@dataclass
class TextCarrier:
    """Takes texts unless told otherwise; ``trouble`` is raised before one is taken, ``lost_answer`` after."""

    trouble: Exception | None = None
    lost_answer: BaseException | None = None
    lookup_trouble: ProviderError | None = None
    on_taken: Callable[[Text], None] | None = None
    taken: list[Text] = field(default_factory=list)

    def send_sms(self, *, to: str, sender: str, body: str, status_callback: str) -> str:
        if self.trouble:
            raise self.trouble
        text = Text(f"SM{len(self.taken):032d}", to, sender, body, status_callback)
        self.taken.append(text)
        if self.on_taken:
            self.on_taken(text)
        if self.lost_answer:
            raise self.lost_answer
        return text.sid

    def find_sms(self, *, to: str, body: str) -> list[str]:
        if self.lookup_trouble:
            raise self.lookup_trouble
        return [text.sid for text in reversed(self.taken) if (text.to, text.body) == (to, body)]

    def dial_into_conference(self, **_: str) -> str:
        raise NotImplementedError

    def end_conference(self, conference: str) -> None:
        raise NotImplementedError

    def hang_up(self, sid: str) -> None:
        raise NotImplementedError

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        raise NotImplementedError


UNREACHABLE = ProviderError("connection refused", permanent=False)
TIMED_OUT = ProviderError("no answer within 10 s", permanent=False, unknown=True)
NOT_A_NUMBER = ProviderError("The 'To' number is not valid", permanent=True, code=21211)


@dataclass
class Letter:
    outbox_id: int
    to: str
    subject: str
    body: str


@dataclass
class MailServer:
    """Takes e-mails unless told otherwise; ``trouble`` is raised before one is taken, ``lost_answer`` after."""

    trouble: BaseException | None = None
    lost_answer: BaseException | None = None
    on_taken: Callable[[Letter], None] | None = None
    taken: list[Letter] = field(default_factory=list)

    def send_mail(self, *, outbox_id: int, to: str, subject: str, body: str, at: datetime) -> None:
        if self.trouble:
            raise self.trouble
        letter = Letter(outbox_id, to, subject, body)
        self.taken.append(letter)
        if self.on_taken:
            self.on_taken(letter)
        if self.lost_answer:
            raise self.lost_answer


NOT_NOW = ProviderError("4.3.2 Please try again later", permanent=False, code=451)
NO_SUCH_MAILBOX = ProviderError("5.1.1 <lemoine@cabinet.example>: no such mailbox", permanent=True, code=550)

"""The e-mails that arrived: read as text, told apart by their Message-ID."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

_KEPT = 5000


@dataclass(frozen=True)
class Mail:
    """One e-mail as its recipients have it; `sender` and `recipients` are of the envelope."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    headers: tuple[tuple[str, str], ...]
    copies: int = 1

    def is_for(self, address: str) -> bool:
        """Whether it went to this address; to an empty one, every e-mail did."""
        return not address or address.lower() in (one.lower() for one in self.recipients)


class Mailbox:
    """Everybody's, in memory."""

    def __init__(self) -> None:
        self.mails: dict[str, Mail] = {}

    def take(self, content: bytes, *, sender: str, recipients: list[str], at: datetime) -> Mail:
        """Keep an e-mail. One that came before under the same Message-ID, to the same people, only counts once more."""
        mail = read_mail(content, sender=sender, recipients=recipients, at=at)
        message_id = dict(mail.headers).get("message-id", f"<{len(self.mails)} without one>")
        key = " ".join((message_id, *sorted(recipients)))
        before = self.mails.get(key)
        kept = self.mails[key] = mail if before is None else replace(before, copies=before.copies + 1)
        if len(self.mails) > _KEPT:
            del self.mails[next(iter(self.mails))]
        return kept


def read_mail(content: bytes, *, sender: str, recipients: list[str], at: datetime) -> Mail:
    """What came over SMTP, for people. What cannot be read is shown as it came."""
    message = message_from_bytes(content, policy=policy.default)
    headers = tuple((name.lower(), str(value)) for name, value in message.items())
    return Mail(at, sender, tuple(recipients), str(message["subject"] or ""), _body(message), headers)


def linked(text: str, origin: str) -> list[tuple[str, bool]]:
    """The text in pieces; true for those that are addresses below `origin`, which a reader may follow."""
    if not origin:
        return [(text, False)]
    pieces = re.split(rf"(?<![\w/.@:-])({re.escape(origin)}(?:[/?#][^\s<>\"'«»]*)?)(?![\w:@.-])", text)
    found: list[tuple[str, bool]] = []
    for number, piece in enumerate(pieces):
        address = piece.rstrip(".,;:!?)") if number % 2 else ""
        found += [(address, True), (piece.removeprefix(address), False)] if address else [(piece, False)]
    return [(words, is_address) for words, is_address in found if words]


def _body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        return "\n".join(str(part.get_content()).splitlines()).rstrip()
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace").rstrip() if isinstance(payload, bytes) else str(payload)

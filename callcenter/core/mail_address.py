"""Addresses of e-mail: the server that takes it, whom it is from, whom it is for. Pure."""

import ipaddress
import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed over. ``is_tls``: encrypted from the first byte; otherwise by STARTTLS."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str = field(repr=False)

    @property
    def is_this_machine(self) -> bool:
        """Whether it listens here: what is said to it passes no wire, and needs no encryption."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_mail_server(url: str) -> MailServer | None:
    """A server written as ``smtp://USER:PASSWORD@HOST:PORT`` or ``smtps://...``; None for nothing.

    User and password may be left out together; in them, what an address keeps for itself (``@ : / # ? %``) is written
    with a per cent sign and two figures. Raises ``ValueError``.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_server() from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _no_server()
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("must give user and password together, or neither")
    if not (user + password).isascii():
        raise ValueError("must have a user and a password without accents: the protocol knows none")
    is_tls = parts.scheme == "smtps"
    return MailServer(parts.hostname, port or _PORTS[parts.scheme], is_tls, user, password)


def read_sender(value: str) -> tuple[str, str]:
    """The name and the address of ``Name <address>`` or of an address alone. Raises ``ValueError``."""
    name, address = parseaddr(value)
    if not value.isprintable() or not address:
        raise ValueError("must be an address such as Secretariat <secretariat@example.org>")
    return name, ascii_address(address)


def ascii_address(value: str) -> str:
    """The address as it may stand in an SMTP command, a domain with accents in ASCII. Raises ``ValueError``."""
    local_part, at, domain = value.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        at = ""
    known = at and _LOCAL_PART.fullmatch(local_part) and _DOMAIN.fullmatch(domain)
    if not known or len(local_part) > 64 or len(local_part) + len(domain) > 253:
        raise ValueError("must be an address such as name@example.org")
    return f"{local_part}@{domain}"


def _no_server() -> ValueError:
    return ValueError("must be smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")

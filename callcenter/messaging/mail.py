"""The port towards the mail server: one e-mail over SMTP, and its failures in our words."""

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from callcenter.core.config import Settings
from callcenter.core.errors import ProviderError
from callcenter.core.mail_address import MailServer, ascii_address, read_sender
from callcenter.core.text import clean_line, clean_text
from callcenter.messaging.failures import MailFailure

_CONNECT_WITHIN = 5.0  # seconds, each address of the server's name
_DONE_WITHIN = 20.0  # seconds, from the first byte to the last answer


class Mailer(Protocol):
    """Hands e-mails over."""

    def send_mail(self, *, outbox_id: int, to: str, subject: str, body: str, at: datetime) -> None:
        """Hand one e-mail over; returns once the server has taken it upon itself.

        ``outbox_id`` makes its Message-ID, the same at each repeat. Raises ``ProviderError``: ``permanent`` when the
        server refused (5xx) or nothing can be sent, ``unknown`` when the content went and no answer came; otherwise
        nothing was taken and trying again can help.
        """
        ...


class SmtpMailer:
    """The mail server of the settings, a connection for each e-mail. Safe to use from several threads.

    Without ``smtps`` the connection is encrypted by STARTTLS, or nothing is said: an opportunity that somebody on the
    way could take away would not protect the links. A server on this machine is spoken to in clear.
    """

    def __init__(
        self, settings: Settings, *, connect_within: float = _CONNECT_WITHIN, done_within: float = _DONE_WITHIN
    ) -> None:
        self._settings = settings
        self._connect_within = connect_within
        self._done_within = done_within

    def send_mail(self, *, outbox_id: int, to: str, subject: str, body: str, at: datetime) -> None:
        """Hand one e-mail over."""
        server = self._settings.mail_server
        if server is None:
            raise ProviderError(MailFailure.NO_SERVER, permanent=True)
        try:
            recipient = ascii_address(to)
        except ValueError:
            raise ProviderError(MailFailure.NO_ADDRESS, permanent=True) from None
        sender = read_sender(self._settings.mail_from)
        message = _compose(sender, recipient, subject, body, message_id=message_id(self._settings, outbox_id), at=at)
        with _told() as progress:
            connection = self._open(server)
            try:
                _expect(connection.mail(sender[1]), 250)
                _expect(connection.rcpt(recipient), 250, 251)
                _expect(connection.docmd("DATA"), 354)
                progress.has_begun = True
                connection.send(_with_dots_doubled(message))
                _expect(connection.getreply(), 250)
                with suppress(smtplib.SMTPException, OSError):
                    connection.quit()
            finally:
                connection.close()

    def _open(self, server: MailServer) -> "_Plain | _Encrypted":
        """A connection that may be used for mail. Raises what ``smtplib`` and sockets raise."""
        particulars: dict[str, Any] = {
            "until": time.monotonic() + self._done_within,
            "host": server.host,
            "port": server.port,
            # Named here: left alone, the library asks a name server for ours.
            "local_hostname": _own_name(self._settings),
            "timeout": min(self._connect_within, self._done_within),
        }
        connection = (
            _Encrypted(**particulars, context=ssl.create_default_context()) if server.is_tls else _Plain(**particulars)
        )
        try:
            connection.ehlo_or_helo_if_needed()
            if not server.is_tls and not server.is_this_machine:
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection


def message_id(settings: Settings, outbox_id: int) -> str:
    """The Message-ID of a row: always the same, of this installation alone, and telling nobody how many there are."""
    secret = settings.secret_key.get_secret_value().encode()
    name = blake2b(f"{settings.public_url} {outbox_id}".encode(), key=secret[:64], digest_size=16).hexdigest()
    return f"<{name}@{_host(settings)}>"


def _compose(
    sender: tuple[str, str], recipient: str, subject: str, body: str, *, message_id: str, at: datetime
) -> bytes:
    """The e-mail as it travels: 7 bits, lines ended by CR LF, words of others only where they are encoded."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(display_name=sender[0], addr_spec=sender[1])
    message["To"] = Address(addr_spec=recipient)
    # Without line ends, which would begin a header of somebody's own.
    message["Subject"] = clean_line(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # so that no absence notice answers
    message.set_content(clean_text(body) + "\n", cte="quoted-printable")
    return message.as_bytes()


def _with_dots_doubled(message: bytes) -> bytes:
    """The content of DATA: a line of one dot would end it before its time."""
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n")) + b".\r\n"


def _host(settings: Settings) -> str:
    return urlsplit(settings.public_url).hostname or "localhost"


def _own_name(settings: Settings) -> str:
    """What EHLO says: the host of our public address, in brackets when it is a number."""
    host = _host(settings)
    if ":" in host:
        return f"[IPv6:{host}]"
    return f"[{host}]" if host.replace(".", "").isdigit() else host


class _Progress:
    """How far an e-mail has come."""

    has_begun = False  # its content is on the way


@contextmanager
def _told() -> Iterator[_Progress]:
    """Turn the library's failures into ours: can trying again help, and may it have been taken all the same?"""
    progress = _Progress()
    try:
        yield progress
    except smtplib.SMTPResponseException as refused:
        _refuse(refused.smtp_code, refused.smtp_error, progress)
    except smtplib.SMTPNotSupportedError:
        # STARTTLS or AUTH, which the server had yesterday and may have again.
        raise ProviderError(MailFailure.NOT_SAFE, permanent=False) from None
    except ssl.SSLCertVerificationError:
        raise ProviderError(MailFailure.NOT_GENUINE, permanent=False) from None
    except (smtplib.SMTPException, OSError):
        if progress.has_begun:
            raise ProviderError(MailFailure.NO_ANSWER, permanent=False, unknown=True) from None
        raise ProviderError(MailFailure.NOT_REACHED, permanent=False) from None


def _expect(answer: tuple[int, bytes], *codes: int) -> None:
    if answer[0] not in codes:
        raise smtplib.SMTPResponseException(*answer)


def _refuse(code: int, words: bytes | str, progress: _Progress) -> NoReturn:
    if not 400 <= code < 600:  # no answer that means anything
        failure = MailFailure.NO_ANSWER if progress.has_begun else MailFailure.NOT_REACHED
        raise ProviderError(failure, permanent=False, unknown=progress.has_begun) from None
    text = words if isinstance(words, str) else words.decode(errors="replace")
    raise ProviderError(clean_line(text), permanent=code >= 500, code=code) from None


class _Punctual(socket.SocketIO):
    """Reads from a socket until an instant of the machine's running time, however slowly it drips."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        super().__init__(sock, "r")
        self._socket = sock
        self._until = until

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, within the time that is left."""
        self._socket.settimeout(_left(self._until))
        return super().readinto(buffer)


class _Timed(smtplib.SMTP):
    """A dialogue that is over at an instant: the library only limits each single wait."""

    def __init__(self, *, until: float, **particulars: Any) -> None:
        self._until = until
        super().__init__(**particulars)

    def getreply(self) -> tuple[int, bytes]:
        """The server's next answer."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Punctual(self.sock, self._until))
        return super().getreply()

    def send(self, s: Any) -> None:
        """Say something."""
        if self.sock is not None:
            self.sock.settimeout(_left(self._until))
        super().send(s)


class _Plain(_Timed):
    """In clear, at least at first."""


class _Encrypted(_Timed, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this e-mail is over")
    return left

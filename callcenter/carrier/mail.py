"""SMTP: takes every e-mail for whomever, unless something is to go wrong."""

import asyncio
import socket
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from callcenter.carrier.carrier import Carrier
from callcenter.carrier.faults import MAIL_FAULTS, Fault

_LARGEST = 1_000_000  # bytes of one e-mail


class MailServer:
    """The carrier's post office on a bound socket."""

    def __init__(self, carrier: Carrier, bound: socket.socket) -> None:
        self._carrier = carrier
        self._bound = bound
        self._open: WeakSet[SMTP] = WeakSet()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=self._bound)

    async def close(self) -> None:
        """Stop listening, and drop whoever is connected."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._open):
            if connection.transport is not None:
                connection.transport.abort()  # type: ignore[attr-defined]  # of TCP
        await self._server.wait_closed()

    def _connection(self) -> SMTP:
        connection = SMTP(
            _Postman(self._carrier),
            hostname="carrier.local",
            ident="Carrier",
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._open.add(connection)
        return connection


class _Postman:
    """One connection's e-mails; the names of its methods are the library's."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._fault: Fault | None = None

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._fault = None
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        faults, now = self._carrier.network.faults, self._carrier.clock.now()
        fault = faults.strike("mail", address.lower(), address, now, MAIL_FAULTS)
        if fault == "mail_later":
            return "451 4.3.2 Please try again later"
        if fault == "mail_refused":
            return f"550 5.1.1 <{address}>: no such mailbox"
        self._fault = self._fault or fault
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault, carrier = self._fault, self._carrier
        if fault != "mail_lost":
            content: Any = envelope.content
            carrier.network.mailbox.take(
                content, sender=envelope.mail_from or "", recipients=list(envelope.rcpt_tos), at=carrier.clock.now()
            )
            carrier.network.changed()
        if fault in {"mail_lost", "mail_unheard"} and server.transport is not None:
            server.transport.abort()  # type: ignore[attr-defined]  # of TCP
        elif fault == "mail_late" and carrier.network.faults.plan is not None:
            await carrier.clock.sleep(carrier.network.faults.plan.delay)
        return "250 2.0.0 OK"

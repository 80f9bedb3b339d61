"""One e-mail over real SMTP: what arrives, what is refused, what nobody knows, and what is never said."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from callcenter.core.config import Settings
from callcenter.core.errors import ProviderError
from callcenter.messaging.mail import SmtpMailer, message_id
from tests.postbox import Postbox, open_postbox

DOCTOR = "lemoine@cabinet.example"
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LINK = "https://centre.example.org/m/" + "k" * 43


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with open_postbox() as opened:
        yield opened


def settings_for(port: int, **otherwise: Any) -> Settings:
    particulars: dict[str, Any] = {
        "secret_key": "x" * 32,
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_auth_token": "token",
        "public_url": "https://centre.example.org",
        "smtp_url": f"smtp://127.0.0.1:{port}",
        "mail_from": "Secrétariat 😀 <secretariat@centre.example.org>",
    }
    return Settings(**particulars | otherwise)


def send(mailer: SmtpMailer, *, to: str = DOCTOR, subject: str = "Message", body: str = LINK, row: int = 7) -> None:
    mailer.send_mail(outbox_id=row, to=to, subject=subject, body=body, at=AT)


def refusal(mailer: SmtpMailer, **mail: Any) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        send(mailer, **mail)
    return refused.value


def test_it_arrives_as_plain_text_with_its_accents_its_dots_and_an_address_that_is_whole(postbox: Postbox) -> None:
    body = f"Un message pour Hélène 👩🏽‍⚕️ :\n.\n..\n{LINK}\nFrom le cabinet"
    send(SmtpMailer(settings_for(postbox.port)), subject="Message très urgent 😀 " + "é" * 90, body=body)
    (mail,) = postbox.mails(DOCTOR)
    assert (mail["from"], mail["subject"]) == ("secretariat@centre.example.org", "Message très urgent 😀 " + "é" * 90)
    assert mail["body"] == body
    headers = mail["headers"]
    assert headers["from"] == "Secrétariat 😀 <secretariat@centre.example.org>"
    assert (headers["to"], headers["date"]) == (DOCTOR, "Mon, 23 Nov 2026 08:00:00 +0000")
    assert (headers["auto-submitted"], headers["mime-version"]) == ("auto-generated", "1.0")
    assert headers["content-type"] == 'text/plain; charset="utf-8"'


def test_a_repeat_bears_the_same_message_id_and_another_e_mail_another_one(postbox: Postbox) -> None:
    settings = settings_for(postbox.port)
    for row in (7, 7, 8):
        send(SmtpMailer(settings), row=row)
    assert [mail["copies"] for mail in postbox.mails()] == [2, 1]
    assert re.fullmatch(r"<[0-9a-f]{32}@centre\.example\.org>", postbox.mails()[0]["headers"]["message-id"])
    elsewhere = settings_for(postbox.port, secret_key="y" * 32)
    assert len({message_id(settings, 7), message_id(settings, 8), message_id(elsewhere, 7)}) == 3


def test_words_of_others_begin_no_header_and_no_command(postbox: Postbox) -> None:
    mailer = SmtpMailer(settings_for(postbox.port))
    send(
        mailer, subject="Dr </Say><Dial>\r\nBcc: tiers@evil.example\n\nIci", body="=HYPERLINK(1)\r\n.\r\nRCPT TO:<x@y>"
    )
    (mail,) = postbox.mails()
    assert mail["to"] == [DOCTOR]
    assert mail["subject"] == "Dr </Say><Dial> Bcc: tiers@evil.example Ici"
    assert mail["body"] == "=HYPERLINK(1)\n.\nRCPT TO:<x@y>"
    assert "bcc" not in mail["headers"]
    for address in (f"{DOCTOR}>\r\nRCPT TO:<tiers@evil.example", "a b@x.example", "hélène@x.example", "", "x@", "@x"):
        refused = refusal(mailer, to=address)
        assert (refused.permanent, refused.reason) == (True, "not an e-mail address")
    assert len(postbox.mails()) == 1


def test_a_domain_with_accents_is_written_to_in_its_ascii_form(postbox: Postbox) -> None:
    send(SmtpMailer(settings_for(postbox.port)), to="contact@hôpital.example")
    assert postbox.mails()[0]["to"] == ["contact@xn--hpital-ixa.example"]


def test_a_server_that_asks_for_patience_is_tried_again_and_one_that_refuses_is_not(postbox: Postbox) -> None:
    mailer = SmtpMailer(settings_for(postbox.port))
    postbox.goes_wrong("mail_later")
    later = refusal(mailer)
    assert (later.permanent, later.unknown, later.code) == (False, False, 451)
    postbox.goes_wrong("mail_refused")
    refused = refusal(mailer)
    assert (refused.permanent, refused.unknown, refused.code) == (True, False, 550)
    postbox.goes_well()
    assert postbox.mails() == []
    send(mailer)
    assert len(postbox.mails()) == 1


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        refused = refusal(SmtpMailer(settings_for(bound.getsockname()[1])))
    assert (refused.permanent, refused.unknown, refused.code) == (False, False, None)


@pytest.mark.parametrize(("fault", "arrived"), [("mail_lost", 0), ("mail_unheard", 1), ("mail_late", 1)])
def test_of_an_e_mail_whose_content_went_unanswered_nobody_knows(postbox: Postbox, fault: str, arrived: int) -> None:
    postbox.goes_wrong(fault, delay=30)
    refused = refusal(SmtpMailer(settings_for(postbox.port), done_within=0.5))
    assert (refused.permanent, refused.unknown) == (False, True)
    assert len(postbox.mails()) == arrived


def test_a_server_that_drips_is_left_when_the_time_is_over() -> None:
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        with closing(listening.accept()[0]) as connected:
            while not over.wait(0.05):
                connected.send(b"2")

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        refused = refusal(SmtpMailer(settings_for(listening.getsockname()[1]), done_within=0.4))
        over.set()
        thread.join()
    assert (refused.permanent, refused.unknown) == (False, False)


def test_without_a_server_nothing_leaves_and_the_reason_is_told() -> None:
    refused = refusal(SmtpMailer(settings_for(0, smtp_url="", mail_from="")))
    assert (refused.permanent, refused.reason) == (True, "no mail server is set")


class Kept:
    """Takes everything, and remembers who had signed in, and how."""

    def __init__(self) -> None:
        self.mails: list[tuple[bool, object]] = []
        self.sign_ins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: Any, session: Any, _envelope: Any) -> str:  # noqa: N802
        self.mails.append((session.ssl is not None, session.authenticated))
        return "250 OK"

    def sign_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        self.sign_ins.append((given.login, given.password))
        return AuthResult(success=given.password == b"s3cret@#", handled=False)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, made for this run and trusted by nobody who is not told to."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    made = authority.issue_cert("mail.example.org")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    made.private_key_and_cert_chain_pem.write_to_path(folder / "pair.pem")
    return folder / "pair.pem"


@contextmanager
def office(kept: Kept, pair: Path) -> Iterator[int]:
    """A mail server that wants STARTTLS and a password; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair)
    loop = asyncio.new_event_loop()

    def connection() -> SMTP:
        return SMTP(
            kept,
            hostname="mail.example.org",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=kept.sign_in,
            loop=loop,
        )

    # All of it in a thread of its own: where a browser's story ran before, this one has a loop already.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = loop.create_server(connection, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result(timeout=10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not this machine's leads here all the same."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **kw: resolve(host.replace("mail.example.org", "127.0.0.1"), *args, **kw),
    )


def test_to_a_server_elsewhere_it_goes_encrypted_and_signed_in(
    far_away: None, pair: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.with_name("authority.pem")))
    kept = Kept()
    with office(kept, pair) as port, caplog.at_level(logging.DEBUG, logger="callcenter"):
        url = f"smtp://secretariat:%s@mail.example.org:{port}"
        send(SmtpMailer(settings_for(port, smtp_url=url % "s3cret%40%23")))
        assert kept.sign_ins == [(b"secretariat", b"s3cret@#")]
        assert kept.mails == [(True, True)]
        refused = refusal(SmtpMailer(settings_for(port, smtp_url=url % "wrong")))
    assert (refused.permanent, refused.code) == (True, 535)
    assert len(kept.mails) == 1
    assert "s3cret" not in caplog.text + repr(settings_for(port, smtp_url=url % "s3cret%40%23").mail_server)


def test_a_server_that_nobody_vouches_for_is_told_nothing(far_away: None, pair: Path) -> None:
    kept = Kept()
    with office(kept, pair) as port:
        refused = refusal(SmtpMailer(settings_for(port, smtp_url=f"smtp://a:b@mail.example.org:{port}")))
    assert (refused.permanent, refused.reason) == (False, "the mail server's certificate is not valid")
    assert (kept.sign_ins, kept.mails) == ([], [])


def test_a_server_elsewhere_that_offers_no_encryption_is_told_nothing(far_away: None, postbox: Postbox) -> None:
    refused = refusal(SmtpMailer(settings_for(postbox.port, smtp_url=f"smtp://mail.example.org:{postbox.port}")))
    assert (refused.permanent, refused.reason) == (False, "the mail server offers no encryption or no sign-in")
    assert postbox.mails() == []


def test_a_server_may_be_encrypted_from_the_first_byte(
    far_away: None, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.with_name("authority.pem")))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair)
    heard: list[bytes] = []

    def answer(listening: socket.socket) -> None:
        with context.wrap_socket(listening.accept()[0], server_side=True) as connected:
            said = connected.makefile("rb")
            connected.send(b"220 here\r\n")
            for reply in (b"250 hello", b"250 from", b"250 to", b"354 go on"):
                heard.append(said.readline())
                connected.send(reply + b"\r\n")
            while said.readline() != b".\r\n":
                pass
            connected.send(b"250 taken\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        port = listening.getsockname()[1]
        send(SmtpMailer(settings_for(port, smtp_url=f"smtps://mail.example.org:{port}")))
        thread.join()
    assert heard[0] == b"ehlo centre.example.org\r\n"
    assert b"DATA" in heard[-1].upper()

"""Mail servers and addresses as they are written in settings and typed by people."""

import pytest

from callcenter.core.mail_address import ascii_address, read_mail_server, read_sender


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls", "user", "password"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, False, "", ""),
        ("smtps://mail.example.org/", "mail.example.org", 465, True, "", ""),
        ("smtp://centre%40x.example:a%3Ab%40%2F@[::1]:2525", "::1", 2525, False, "centre@x.example", "a:b@/"),
    ],
)
def test_a_server_is_read_from_its_address(
    url: str, host: str, port: int, is_tls: bool, user: str, password: str
) -> None:
    server = read_mail_server(url)
    assert server is not None
    assert (server.host, server.port, server.is_tls) == (host, port, is_tls)
    assert (server.user, server.password) == (user, password)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org:587",
        "smtp://",
        "smtp://mail.example.org:70000",
        "smtp://mail.example.org/inbox",
        "smtp://a:b#c@mail.example.org",
        "smtp://:secret@mail.example.org",
        "smtp://é:secret@mail.example.org",
    ],
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        read_mail_server(url)


def test_only_this_machine_is_spoken_to_in_clear() -> None:
    near = [read_mail_server(f"smtp://{host}") for host in ("localhost", "127.0.0.1", "127.9.9.9", "[::1]")]
    far = [read_mail_server(f"smtp://{host}") for host in ("mail", "192.168.1.4", "localhost.example.org", "[fe80::1]")]
    assert [one.is_this_machine for one in near if one] == [True] * 4
    assert [one.is_this_machine for one in far if one] == [False] * 4


def test_a_sender_has_a_name_or_not() -> None:
    assert read_sender("Secrétariat <s@x.example>") == ("Secrétariat", "s@x.example")
    assert read_sender("s@x.example") == ("", "s@x.example")
    for wrong in ("Secrétariat", "<>", "a@x.example\nBcc: b@x.example"):
        with pytest.raises(ValueError):
            read_sender(wrong)


def test_an_address_is_what_an_smtp_command_may_hold() -> None:
    assert ascii_address("o'neil+tel@hôpital.example") == "o'neil+tel@xn--hpital-ixa.example"
    for wrong in (
        "a@b@x.example",
        "a..b@x.example",
        "a@-x.example",
        "a@x..example",
        "a" * 65 + "@x.example",
        '"a b"@x.fr',
    ):
        with pytest.raises(ValueError):
            ascii_address(wrong)

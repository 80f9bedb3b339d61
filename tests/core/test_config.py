"""A wrong setting stops the start, and the message says which and what it takes."""

import pytest

from callcenter.core.config import load_settings
from callcenter.core.errors import StartRefused

GOOD = {"secret_key": "k" * 32, "twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "t"}


def test_the_least_settings_start() -> None:
    settings = load_settings(**GOOD)
    assert settings.auth_tokens == ("t",)
    assert settings.public_url == "http://127.0.0.1:8000"


def test_two_tokens_are_accepted_while_one_is_rotated() -> None:
    assert load_settings(**GOOD, twilio_old_auth_token="old").auth_tokens == ("t", "old")


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("database_url", "mysql://x", "CALLCENTER_DATABASE_URL: must begin with sqlite:/// or postgresql://"),
        ("public_url", "example.org", "CALLCENTER_PUBLIC_URL: must be an address"),
        ("public_url", "https://example.org/centre", "CALLCENTER_PUBLIC_URL: must be an address without a path"),
        ("port", 0, "CALLCENTER_PORT"),
        ("secret_key", "short", "CALLCENTER_SECRET_KEY: must have at least 32 characters"),
        ("twilio_account_sid", "", "CALLCENTER_TWILIO_ACCOUNT_SID: must be AC followed by 32"),
        ("sms_sender", "A name that is too long", "CALLCENTER_SMS_SENDER: must be a number such as"),
        ("smtp_url", "http://mail.example.org", "CALLCENTER_SMTP_URL: must be smtp://USER:PASSWORD@HOST:587"),
        ("smtp_url", "smtp://user@mail.example.org", "CALLCENTER_SMTP_URL: must give user and password together"),
        ("smtp_url", "smtp://mail.example.org", "CALLCENTER_MAIL_FROM: must be set together with CALLCENTER_SMTP_URL"),
        ("mail_from", "Centre <centre>", "CALLCENTER_MAIL_FROM: must be an address such as"),
        ("mail_from", "a@x.example\r\nBcc: b@x.example", "CALLCENTER_MAIL_FROM: must be an address such as"),
        ("softphone_url", "nowhere", "CALLCENTER_SOFTPHONE_URL: must be an address"),
        ("default_language", "nl", "CALLCENTER_DEFAULT_LANGUAGE: must be fr or en"),
        ("log_level", "LOUD", "CALLCENTER_LOG_LEVEL"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_takes(setting: str, value: object, named: str) -> None:
    with pytest.raises(StartRefused) as refused:
        load_settings(**{**GOOD, setting: value})
    assert named in str(refused.value)


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(StartRefused) as refused:
        load_settings()
    assert all(
        name in str(refused.value)
        for name in ("CALLCENTER_SECRET_KEY", "CALLCENTER_TWILIO_ACCOUNT_SID", "CALLCENTER_TWILIO_AUTH_TOKEN")
    )


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCENTER_PORT", "8123")
    assert load_settings(**GOOD).port == 8123


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    assert "k" * 32 not in repr(load_settings(**GOOD))


def test_the_mail_servers_password_shows_neither_when_printed_nor_when_refused() -> None:
    good = {"mail_from": "centre@example.org", "smtp_url": "smtps://centre:s3cret@mail.example.org"}
    settings = load_settings(**GOOD, **good)
    assert "s3cret" not in f"{settings!r} {settings.mail_server!r}"
    with pytest.raises(StartRefused) as refused:
        load_settings(**GOOD, smtp_url="smtp://centre:s3cret@mail.example.org:port")
    assert "s3cret" not in str(refused.value)

"""Settings, read once from the environment; a wrong one stops the start and is named."""

import re
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from callcenter.core.errors import StartRefused
from callcenter.core.mail_address import MailServer, read_mail_server, read_sender
from callcenter.core.phone import CALL_COUNTRIES


class Settings(BaseSettings):
    """One installation's settings; each is the environment variable ``CALLCENTER_<NAME>``."""

    # Defaults are validated too: an empty secret must stop the start, not surprise later.
    model_config = SettingsConfigDict(env_prefix="CALLCENTER_", extra="ignore", frozen=True, validate_default=True)

    database_url: str = Field(
        default="sqlite:///var/callcenter.db",
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address under which the carrier and the browsers reach this product; signatures cover it",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on")
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="At least 32 characters, kept for the life of the installation"
    )
    twilio_account_sid: str = Field(default="", description="AC followed by 32 hexadecimal digits")
    twilio_auth_token: SecretStr = Field(default=SecretStr(""), description="The account's auth token")
    twilio_old_auth_token: SecretStr = Field(
        default=SecretStr(""), description="The token being replaced, accepted on webhooks while it is rotated"
    )
    twilio_base_url: str = Field(default="https://api.twilio.com", description="Address of the carrier's API")
    sms_sender: str = Field(default="", description="Number (E.164) or name (at most 11 letters) that texts come from")
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="Server for e-mail, smtp://USER:PASSWORD@HOST:587 or smtps://...; empty: no e-mail leaves",
    )
    mail_from: str = Field(default="", description="Whom e-mails come from, such as Centre <centre@example.org>")
    caller_number: str = Field(
        default="", description="Number (E.164) owned at the carrier that calls we place show; empty: the line called"
    )
    fallback_url: str = Field(
        default="",
        description="Address of the folder made by `callcenter telephony fallback`, on another server than this one",
    )
    call_countries: str = Field(
        default=",".join(sorted(CALL_COUNTRIES)),
        description="Countries (ISO 3166, with commas) whose numbers this product may call",
    )
    calls_per_second: float = Field(
        default=1.0, gt=0, le=100, description="Calls we place per second, below the carrier's own rate (1 by default)"
    )
    calls_per_hour: int = Field(default=600, ge=0, description="Calls to outside numbers per hour, for the centre")
    calls_per_hour_practice: int = Field(default=60, ge=0, description="The same for one practice")
    calls_per_hour_operator: int = Field(default=60, ge=0, description="The same for one operator")
    twilio_api_key_sid: str = Field(
        default="", description="SK followed by 32 characters: the key that lets browsers be rung; empty: none are"
    )
    twilio_api_key_secret: SecretStr = Field(default=SecretStr(""), description="The secret of that key")
    softphone_sdk_url: str = Field(
        default="", description="Address of the browser's telephone library; empty: the one that comes with the product"
    )
    softphone_url: str = Field(
        default="",
        description="Page beside the operator's telephone, for training; {identity} stands for her address there",
    )
    recording_days: int = Field(
        default=30, ge=1, le=30, description="Days after which the carrier is made to forget a recording, 30 at most"
    )
    clock_offset_seconds: float = Field(
        default=0, description="Moves the installation's clock (demonstration, training); screens then say so"
    )
    demo_hint: str = Field(default="", description="A sentence shown on the sign-in page, such as which accounts exist")
    default_language: str = Field(default="fr", description="fr or en: language of people who have not chosen")
    zone: str = Field(default="Europe/Paris", description="IANA zone of the centre's own clock, such as Europe/Paris")
    jobs: bool = Field(default=True, description="Whether this process also runs due work")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("call_countries")
    @classmethod
    def _known_countries(cls, value: str) -> str:
        read_countries(value)
        return value

    @field_validator("fallback_url")
    @classmethod
    def _folder_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("must be an address such as https://static.example.org/fallback")
        return value.rstrip("/")

    @field_validator("public_url", "twilio_base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://centre.example.org")
        return value.rstrip("/")

    @field_validator("sms_sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        number = re.fullmatch(r"\+?\d{3,15}", re.sub(r"[ .-]", "", value))
        name = re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", value)
        if value and not number and not name:
            raise ValueError("must be a number such as +33199001234, or a name of at most 11 letters and digits")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        read_mail_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_sender(cls, value: str, info: ValidationInfo) -> str:
        smtp_url = info.data.get("smtp_url")
        if value:
            read_sender(value)
        elif smtp_url is not None and smtp_url.get_secret_value():
            raise ValueError("must be set together with CALLCENTER_SMTP_URL")
        return value

    @field_validator("softphone_url", "softphone_sdk_url")
    @classmethod
    def _softphone(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
            raise ValueError("must be an address such as https://phone.example.org/?who={identity}")
        return value

    @field_validator("public_url")
    @classmethod
    def _without_path(cls, value: str) -> str:
        # Our pages and the carrier's signatures both count from the root of the address.
        if urlsplit(value).path:
            raise ValueError("must be an address without a path, such as https://centre.example.org")
        return value

    @field_validator("default_language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in {"fr", "en"}:
            raise ValueError("must be fr or en")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("must be a zone such as Europe/Paris")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; `openssl rand -hex 32` makes one")
        return value

    @field_validator("twilio_account_sid")
    @classmethod
    def _account(cls, value: str) -> str:
        if not (value.startswith("AC") and len(value) == 34):
            raise ValueError("must be AC followed by 32 hexadecimal digits")
        return value

    @field_validator("twilio_auth_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("must be the account's auth token")
        return value

    @field_validator("twilio_api_key_sid")
    @classmethod
    def _key(cls, value: str) -> str:
        if value and not (value.startswith("SK") and len(value) == 34):
            raise ValueError("must be SK followed by 32 characters")
        return value

    @field_validator("twilio_api_key_secret")
    @classmethod
    def _key_and_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(value.get_secret_value()) != bool(info.data.get("twilio_api_key_sid")):
            raise ValueError("must be set together with CALLCENTER_TWILIO_API_KEY_SID")
        return value

    @property
    def has_softphone(self) -> bool:
        """Whether operators can be rung in their browsers."""
        return bool(self.twilio_api_key_sid)

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens a webhook may be signed with: the present one, then the one being replaced."""
        both = (self.twilio_auth_token.get_secret_value(), self.twilio_old_auth_token.get_secret_value())
        return tuple(token for token in both if token)

    @cached_property
    def mail_server(self) -> MailServer | None:
        """The server that takes e-mail; None: no e-mail leaves."""
        return read_mail_server(self.smtp_url.get_secret_value())

    @cached_property
    def countries(self) -> frozenset[str]:
        """The countries whose numbers may be called."""
        return read_countries(self.call_countries)

    @cached_property
    def clock_offset(self) -> timedelta:
        """How far the installation's clock stands from the machine's."""
        return timedelta(seconds=self.clock_offset_seconds)

    @cached_property
    def centre_zone(self) -> ZoneInfo:
        """The zone in which the centre's clock and board are read; practices have their own."""
        return ZoneInfo(self.zone)

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, when the database is SQLite."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.database_url.startswith(prefix) else None


def read_countries(value: str) -> frozenset[str]:
    """Countries written as ``FR,BE,LU`` (ISO 3166). Raises ``ValueError``."""
    if not re.fullmatch(r"[A-Z]{2}(,[A-Z]{2})*", value):
        raise ValueError("must be two-letter countries such as FR,BE,LU")
    return frozenset(value.split(","))


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; keyword values win.

    Raises ``StartRefused`` naming each wrong setting and what it takes.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # validated by the model, field by field
    except ValidationError as refused:
        lines = []
        for error in refused.errors():
            name = str(error["loc"][0]) if error["loc"] else "?"
            field = Settings.model_fields.get(name)
            takes = field.description if field else ""
            reason = error["msg"].removeprefix("Value error, ")
            lines.append(f"  CALLCENTER_{name.upper()}: {reason} ({takes})")
        raise StartRefused("Wrong settings:\n" + "\n".join(lines)) from None

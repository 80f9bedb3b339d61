"""Where the demonstration lives: its folder, its secrets, its clock."""

import json
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

OFFICE_ZONE = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Installation:
    """One demonstration's folder and what it was given at its birth."""

    folder: Path
    secret_key: str
    account_sid: str
    auth_token: str
    api_key_sid: str
    api_key_secret: str
    clock_offset: timedelta

    @property
    def database_url(self) -> str:
        """The demonstration's own SQLite file."""
        return f"sqlite:///{self.folder / 'callcenter.db'}"

    @property
    def is_furnished(self) -> bool:
        """Whether its database was filled, and since the newest migration."""
        mark = self.folder / "furnished"
        return mark.exists() and mark.read_text() == _newest_migration()

    def note_furnished(self) -> None:
        """Remember that the database is filled and up to date."""
        (self.folder / "furnished").write_text(_newest_migration())

    def environment(self, *, host: str, port: int, carrier_port: int, smtp_port: int, hint: str) -> dict[str, str]:
        """The settings the product is started with."""
        return {
            "CALLCENTER_DATABASE_URL": self.database_url,
            "CALLCENTER_PUBLIC_URL": f"http://{host}:{port}",
            "CALLCENTER_HOST": host,
            "CALLCENTER_PORT": str(port),
            "CALLCENTER_SECRET_KEY": self.secret_key,
            "CALLCENTER_TWILIO_ACCOUNT_SID": self.account_sid,
            "CALLCENTER_TWILIO_AUTH_TOKEN": self.auth_token,
            "CALLCENTER_TWILIO_BASE_URL": f"http://{host}:{carrier_port}",
            # People are rung in their browsers, by the stand-in's own library.
            "CALLCENTER_TWILIO_API_KEY_SID": self.api_key_sid,
            "CALLCENTER_TWILIO_API_KEY_SECRET": self.api_key_secret,
            "CALLCENTER_SOFTPHONE_SDK_URL": f"http://{host}:{carrier_port}/sdk/voice-sdk.js",
            "CALLCENTER_SMS_SENDER": "+33199009000",
            # The stand-in's, on the loopback wherever the two listen otherwise.
            "CALLCENTER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "CALLCENTER_MAIL_FROM": "Secrétariat <secretariat@callcenter.example>",
            "CALLCENTER_SOFTPHONE_URL": f"http://{host}:{carrier_port}/handsets/{{identity}}",
            "CALLCENTER_CLOCK_OFFSET_SECONDS": str(self.clock_offset.total_seconds()),
            # The stand-in takes as many as it is told: a demonstration's operators need not wait for their telephones.
            "CALLCENTER_CALLS_PER_SECOND": "5",
            "CALLCENTER_DEMO_HINT": hint,
            "CALLCENTER_LOG_LEVEL": "WARNING",
        }


def forget(folder: Path) -> None:
    """Start over: the demonstration's folder goes, and only that."""
    shutil.rmtree(folder, ignore_errors=True)


def open_installation(folder: Path, *, machine_now: datetime) -> Installation:
    """The demonstration in this folder, made at the first time; its clock only ever moves forward."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "installation.json"
    if kept.exists():
        facts = json.loads(kept.read_text())
        offset = office_hours_offset(machine_now, timedelta(seconds=facts["clock_offset_seconds"]))
    else:
        facts = {
            "secret_key": secrets.token_hex(32),
            "account_sid": "AC" + secrets.token_hex(16),
            "auth_token": secrets.token_hex(16),
        }
        offset = next_monday(machine_now) - machine_now
    # One made before browsers could be rung has no key yet.
    facts.setdefault("api_key_sid", "SK" + secrets.token_hex(16))
    facts.setdefault("api_key_secret", secrets.token_hex(16))
    facts["clock_offset_seconds"] = offset.total_seconds()
    kept.write_text(json.dumps(facts, indent=1))
    kept.chmod(0o600)
    return Installation(
        folder,
        facts["secret_key"],
        facts["account_sid"],
        facts["auth_token"],
        facts["api_key_sid"],
        facts["api_key_secret"],
        offset,
    )


def office_hours_offset(machine_now: datetime, offset: timedelta) -> timedelta:
    """The same offset while that gives a working hour (Monday to Friday, 8 to 17), else one to the next Monday at 9."""
    there = (machine_now + offset).astimezone(OFFICE_ZONE)
    if there.weekday() < 5 and 8 <= there.hour < 17:
        return offset
    return next_monday(machine_now + offset) - machine_now


def next_monday(after: datetime) -> datetime:
    """The first Monday at 09:00 in Paris that is not before ``after``."""
    local = after.astimezone(OFFICE_ZONE)
    monday = local.date() + timedelta(days=-local.weekday() % 7)
    nine = datetime(monday.year, monday.month, monday.day, 9, tzinfo=OFFICE_ZONE)
    return nine if nine >= after else nine + timedelta(days=7)


def _newest_migration() -> str:
    versions = Path(__file__).parent.parent / "migrations" / "versions"
    return max(file.name for file in versions.glob("[0-9]*.py"))

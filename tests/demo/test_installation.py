"""The demonstration's clock starts on a Monday at nine and only moves forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.demo.installation import forget, open_installation

PARIS = ZoneInfo("Europe/Paris")
SUNDAY_NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def there(machine_now: datetime, offset: timedelta) -> datetime:
    return (machine_now + offset).astimezone(PARIS)


def test_the_first_morning_is_a_monday_at_nine(tmp_path: Path) -> None:
    opened = open_installation(tmp_path / "demo", machine_now=SUNDAY_NIGHT)
    assert there(SUNDAY_NIGHT, opened.clock_offset) == datetime(2026, 11, 23, 9, tzinfo=PARIS)


def test_an_hour_later_the_same_day_goes_on_with_the_same_secrets(tmp_path: Path) -> None:
    first = open_installation(tmp_path, machine_now=SUNDAY_NIGHT)
    later = SUNDAY_NIGHT + timedelta(hours=1)
    second = open_installation(tmp_path, machine_now=later)
    assert there(later, second.clock_offset).hour == 10
    assert (second.secret_key, second.auth_token) == (first.secret_key, first.auth_token)


def test_after_the_day_is_over_the_next_monday_begins(tmp_path: Path) -> None:
    open_installation(tmp_path, machine_now=SUNDAY_NIGHT)
    late = SUNDAY_NIGHT + timedelta(hours=11)
    opened = open_installation(tmp_path, machine_now=late)
    assert there(late, opened.clock_offset) == datetime(2026, 11, 30, 9, tzinfo=PARIS)


def test_forgetting_starts_over(tmp_path: Path) -> None:
    first = open_installation(tmp_path / "demo", machine_now=SUNDAY_NIGHT)
    forget(tmp_path / "demo")
    assert open_installation(tmp_path / "demo", machine_now=SUNDAY_NIGHT).secret_key != first.secret_key

"""By when somebody must have a message."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.dispatch.rules.deadline import deadline
from callcenter.dispatch.rules.message_state import Urgency

PARIS = ZoneInfo("Europe/Paris")


def paris(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("urgency", "written", "expected"),
    [
        (Urgency.URGENT, paris(23, 9), paris(23, 9, 15)),
        (Urgency.TODAY, paris(23, 9), paris(23, 18)),
        (Urgency.TODAY, paris(23, 17), paris(23, 19)),
        (Urgency.TODAY, paris(23, 22, 30), paris(23, 23, 30)),
        (Urgency.TODAY, paris(23, 23, 20), paris(23, 23, 35)),
        (Urgency.ROUTINE, paris(23, 9), paris(24, 18)),
        (Urgency.ROUTINE, paris(27, 9), paris(30, 18)),  # a Friday
        (Urgency.ROUTINE, paris(28, 23), paris(30, 18)),
        (Urgency.ROUTINE, paris(24, 12, month=10), paris(26, 18, month=10)),  # over the end of summer time
    ],
)
def test_the_urgency_says_so(urgency: Urgency, written: datetime, expected: datetime) -> None:
    assert deadline(urgency, written_at=written, zone="Europe/Paris") == expected


def test_a_template_says_it_better() -> None:
    written = paris(23, 9)
    within = timedelta(minutes=45)
    assert deadline(Urgency.ROUTINE, written_at=written, zone="Europe/Paris", within=within) == paris(23, 9, 45)

"""By when somebody must have a message, where nobody said so. Pure; hours are the practice's own."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of
from callcenter.dispatch.rules.message_state import Urgency

URGENT_WITHIN = timedelta(minutes=15)
"""The alternate has been rung by then, and a person is next."""

DAY_ENDS = time(18)
_LATEST = time(23, 30)
_STILL = timedelta(hours=2)  # written late in the day: time enough to be seen at all
_SATURDAY = 5


def deadline(urgency: Urgency, *, written_at: datetime, zone: str, within: timedelta | None = None) -> datetime:
    """The instant (UTC): after ``within`` where a template says so, else as the urgency does.

    What is for today, by 18:00, or in two hours when that is later, never past midnight; a routine message by 18:00 of
    the next day that is neither Saturday nor Sunday.
    """
    if within is not None:
        return written_at + within
    if urgency is Urgency.URGENT:
        return written_at + URGENT_WITHIN
    place = ZoneInfo(zone)
    day = written_at.astimezone(place).date()
    if urgency is Urgency.TODAY:
        last = instant_of(datetime.combine(day, _LATEST), place)
        evening = instant_of(datetime.combine(day, DAY_ENDS), place)
        return max(min(max(evening, written_at + _STILL), last), written_at + URGENT_WITHIN)
    day += timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return instant_of(datetime.combine(day, DAY_ENDS), place)

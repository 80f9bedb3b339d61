"""The roster of a practice as an iCalendar file (RFC 5545), for the calendars that practitioners already have."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from callcenter.core import i18n
from callcenter.core.i18n import gettext as _
from callcenter.directory.models import Practice
from callcenter.dispatch.on_call import names_of, read_whole_stretches
from callcenter.dispatch.rules.roster import DAY

DAYS_BACK, DAYS_AHEAD = 30, 90
_READ_AGAIN = "PT1H"


def write_calendar(session: Session, practice: Practice, *, at: datetime, of: int | None = None) -> bytes:
    """Who is on call from 30 days ago to 90 days ahead, in the practice's language; ``of``: one practitioner's own.

    Every instant is in UTC. A stretch keeps its UID as long as it begins when it does, whoever has it: calendars then
    change their entry instead of keeping two.
    """
    # Half a second to import, which nobody but whoever reads a calendar is to wait for.
    from icalendar import Calendar, Event

    names = names_of(session, practice.id)
    shifts = read_whole_stretches(session, practice.id, starts_at=at - DAYS_BACK * DAY, ends_at=at + DAYS_AHEAD * DAY)
    before = i18n.current_language()
    i18n.set_language(practice.language if practice.language in i18n.LANGUAGES else "fr")
    try:
        title, summary = _("On call, %(practice)s", practice=practice.name), _("On call: %(name)s")
    finally:
        i18n.set_language(before)
    calendar = Calendar()
    calendar.add("prodid", "-//callcenter//on-call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    calendar.add("x-published-ttl", _READ_AGAIN)
    for one in shifts:
        if one.practitioner_id is None or of not in {None, one.practitioner_id}:
            continue
        event = Event()
        event.add("uid", f"on-call-{practice.id}-{int(one.starts_at.timestamp())}@callcenter")
        event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", one.starts_at.astimezone(UTC))
        event.add("dtend", one.ends_at.astimezone(UTC))
        event.add("summary", summary % {"name": names.get(one.practitioner_id, "")})
        event.add("transp", "TRANSPARENT")  # being on call does not make somebody busy
        calendar.add_component(event)
    return bytes(calendar.to_ical())

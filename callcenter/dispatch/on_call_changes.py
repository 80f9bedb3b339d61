"""What every change of a roster shares: one at a time for a practice, noted, and told to the open screens."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.core.wall_time import instant_of
from callcenter.directory.models import Practice


def lock_roster(session: Session, practice_id: int) -> ZoneInfo:
    """Wait for whoever else changes this practice's roster; where its clocks stand.

    What is read after it stands until the end of the transaction. Calls that come in meanwhile do not wait: they only
    refer to the practice, which this lock lets them.
    """
    zone = session.scalars(
        select(Practice.zone).where(Practice.id == practice_id).with_for_update(key_share=True)
    ).one()
    return ZoneInfo(zone)


def note_change(
    session: Session, practice_id: int, action: str, subject: str, *, at: datetime, staff_id: int | None
) -> None:
    """Record who changed the roster, and signal it."""
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=practice_id)
    touch(session, f"on-call-{practice_id}")


def read_wall_moment(typed: str, *, field: str) -> datetime:
    """A day and an hour as a form posts them, without a zone: 2026-12-24T18:00. Raises ``Invalid``."""
    try:
        found = datetime.fromisoformat(clean_line(typed, limit=30))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year < 2200:
        raise Invalid(N_("Give a day and an hour. Example: 24/12/2026 18:00."), field=field)
    return found.replace(second=0, microsecond=0)


def stretch_between(starts: datetime, ends: datetime, zone: ZoneInfo, *, field: str) -> tuple[datetime, datetime]:
    """The instants from one wall-clock time to another.

    An hour that exists twice is covered both times: nobody is left out in it. One that does not exist is jumped over.
    Raises ``Invalid`` for one that is empty.
    """
    if ends <= starts:
        raise Invalid(N_("The end comes before the beginning."), field=field)
    starts_at, ends_at = instant_of(starts, zone), instant_of(ends, zone, fold=1)
    if ends_at <= starts_at:
        raise Invalid(N_("On this day the clocks jump over these hours: there is nothing to cover."), field=field)
    return starts_at, ends_at

"""What colleagues hold while they speak with patients, as lines of the agenda."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.occupancy import seconds
from callcenter.agenda.finding.openings import local_time
from callcenter.agenda.occupation_models import Hold, HoldStatus
from callcenter.agenda.views.rows import DayView, HoldRow
from callcenter.directory.models import Staff


def with_holds(session: Session, views: Sequence[DayView], *, staff_id: int, at: datetime) -> list[DayView]:
    """These days with what others than she hold on them; one query."""
    held = _read_holds(session, {one.practitioner_id for one in views}, staff_id=staff_id, at=at)
    found = []
    for view in views:
        lines = [
            HoldRow(
                start=hold.start, end=hold.end, zone=view.zone, hold_id=hold.id, who=who, expires_at=hold.expires_at
            )
            for hold, who in held
            if hold.practitioner_id == view.practitioner_id and local_time(hold.start, view.zone).date() == view.day
        ]
        rows = sorted([*view.rows, *lines], key=lambda one: (one.start, one.end)) if lines else view.rows
        found.append(replace(view, rows=tuple(rows)))
    return found


def _read_holds(
    session: Session, practitioner_ids: Collection[int], *, staff_id: int, at: datetime
) -> list[tuple[Hold, str]]:
    rows = session.execute(
        select(Hold, Staff.first_name)
        .join(Staff, Staff.id == Hold.staff_id)
        .where(
            Hold.practitioner_id.in_(practitioner_ids),
            Hold.staff_id != staff_id,
            Hold.status == HoldStatus.ACTIVE,
            Hold.expires_at > at,
            Hold.start > seconds(at) - 86_400,
        )
        .order_by(Hold.start, Hold.id)
    )
    return [(hold, who) for hold, who in rows]

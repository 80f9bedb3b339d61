"""Counting what an opening's channels have had of it, once it begins to limit them."""

from collections import Counter
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, OpeningUse, Schedule
from callcenter.agenda.occupation_models import Hold, HoldStatus
from callcenter.agenda.rules.opening_rules import Channel, OpeningRule


def count_anew(session: Session, schedule: Schedule, before: OpeningRule, after: OpeningRule, *, since: date) -> None:
    """Count what stands and what is held from this day on, for the channels that a change limits for the first time.

    An opening counts nothing while it limits nothing. The caller has locked the practitioner, so that nobody books
    meanwhile.
    """
    limits = [
        {name for name, one in (rule.channels or {}).items() if one.quota is not None} for rule in (before, after)
    ]
    newly = limits[1] - limits[0]
    if not newly:
        return
    session.execute(
        delete(OpeningUse).where(
            OpeningUse.opening_id == after.id, OpeningUse.day >= since, OpeningUse.channel.in_(newly)
        )
    )
    taken: Counter[tuple[date, Channel]] = Counter()
    for table, counts in (
        (Appointment, Appointment.status != AppointmentStatus.CANCELLED),
        (Hold, Hold.status == HoldStatus.ACTIVE),
    ):
        taken.update(
            (day, Channel(channel))
            for day, channel in session.execute(
                select(table.opening_day, table.channel).where(
                    table.opening_id == after.id, table.opening_day >= since, table.channel.in_(newly), counts
                )
            )
            if day is not None
        )
    session.add_all(
        OpeningUse(practice_id=schedule.practice_id, opening_id=after.id, day=day, channel=channel, taken=count)
        for (day, channel), count in taken.items()
    )
    session.flush()

"""Counting what an opening's channels have had of it, once it begins to limit them."""

from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus, OpeningUse, Schedule
from callcenter.agenda.opening_rules import OpeningRule


def count_anew(session: Session, schedule: Schedule, before: OpeningRule, after: OpeningRule, *, since: date) -> None:
    """Count what stands from this day on for the channels of an opening that a change limits for the first time.

    An opening counts nothing while it limits nothing. Bookers wait for the rows that are locked here.
    """
    limits = [
        {name for name, one in (rule.channels or {}).items() if one.quota is not None} for rule in (before, after)
    ]
    newly = limits[1] - limits[0]
    if not newly:
        return
    session.execute(
        select(Schedule.id)
        .where(Schedule.practitioner_id == schedule.practitioner_id)
        .order_by(Schedule.id)
        .with_for_update()
    ).all()
    session.execute(
        delete(OpeningUse).where(
            OpeningUse.opening_id == after.id, OpeningUse.day >= since, OpeningUse.channel.in_(newly)
        )
    )
    counted = session.execute(
        select(Appointment.opening_day, Appointment.channel, func.count())
        .where(
            Appointment.opening_id == after.id,
            Appointment.opening_day >= since,
            Appointment.channel.in_(newly),
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .group_by(Appointment.opening_day, Appointment.channel)
    ).all()
    session.add_all(
        OpeningUse(practice_id=schedule.practice_id, opening_id=after.id, day=day, channel=channel, taken=taken)
        for day, channel, taken in counted
    )
    session.flush()

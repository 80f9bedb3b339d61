"""How many visits a channel has had of an opening: counted in the transaction that books or gives back.

The row is locked with the schedule by every booker of this practitioner, so that reading and adding cannot race; the
condition in the statement has the last word all the same.
"""

from datetime import date

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, OpeningChannel, OpeningUse
from callcenter.agenda.occupation_models import Hold
from callcenter.agenda.rules.opening_rules import Channel, Opened
from callcenter.core.scope import scoped_connection

_GIVE_BACK = (
    update(OpeningUse)
    .where(
        OpeningUse.opening_id == bindparam("opening"),
        OpeningUse.day == bindparam("on_day"),
        OpeningUse.channel == bindparam("by"),
        OpeningUse.taken > 0,
    )
    .values(taken=OpeningUse.taken - 1)
)


def count_use(session: Session, visit: Appointment | Hold, opened: Opened) -> bool:
    """Count this visit against its opening's quota, where there is one; False when the quota is used up."""
    rule = opened.rule
    visit.opening_id, visit.opening_day = (None, None) if rule is None else (rule.id, opened.day)
    allowed = None if rule is None else (rule.channels or {}).get(Channel(visit.channel))
    if rule is None or allowed is None or allowed.quota is None:
        return True
    return _add(session, visit.practice_id, rule.id, opened.day, Channel(visit.channel), allowed.quota)


def count_again(session: Session, appointment: Appointment) -> bool:
    """Count an appointment that comes back for what it was counted for before; False when that is used up by now."""
    if appointment.opening_id is None or appointment.opening_day is None:
        return True
    channel = Channel(appointment.channel)
    quota = session.scalar(
        select(OpeningChannel.quota).where(
            OpeningChannel.opening_id == appointment.opening_id, OpeningChannel.channel == channel
        )
    )
    if quota is None:
        return True
    return _add(session, appointment.practice_id, appointment.opening_id, appointment.opening_day, channel, quota)


def give_back_use(session: Session, appointment: Appointment | Hold) -> None:
    """What a visit was counted for is free again; called once, by whoever ends it."""
    if appointment.opening_id is None:
        return
    of_what = {"opening": appointment.opening_id, "on_day": appointment.opening_day, "by": appointment.channel}
    scoped_connection(session, appointment.practice_id).execute(_GIVE_BACK, of_what)


def _add(session: Session, practice_id: int, opening_id: int, day: date, channel: Channel, quota: int) -> bool:
    this = (OpeningUse.opening_id == opening_id, OpeningUse.day == day, OpeningUse.channel == channel)
    if session.scalar(select(OpeningUse.taken).where(*this)) is None:
        session.execute(
            insert(OpeningUse).values(practice_id=practice_id, opening_id=opening_id, day=day, channel=channel, taken=0)
        )
    added = session.scalars(
        update(OpeningUse)
        .where(*this, OpeningUse.taken < quota)
        .values(taken=OpeningUse.taken + 1)
        .returning(OpeningUse.taken)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(added)

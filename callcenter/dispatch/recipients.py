"""Who is meant by a step of a ladder at an instant, and how that person is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.phone import is_mobile
from callcenter.directory.models import Practitioner, Staff
from callcenter.dispatch.models import Channel, DispatchPreference, EscalationStep, Message, Target, Urgency
from callcenter.dispatch.on_call import who_is_on_call
from callcenter.dispatch.rules.ladder import ONCE, URGENT, Step
from callcenter.dispatch.rules.reaching import Addresses, Lack, lack_of, way_to
from callcenter.dispatch.rules.timing import Schedule, Timing, read_hours


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one notice is for, and its way: ``address`` is E.164 or an e-mail address, empty for the application."""

    practitioner_id: int
    name: str
    staff_id: int | None
    channel: Channel
    address: str


def recipient_of(
    session: Session, message: Message, target: Target, channel: Channel, *, at: datetime
) -> Recipient | None:
    """Whom this step means now; None: nobody, or nobody who can be reached so. The supervisors are no recipient."""
    found = find_recipient(session, message, target, channel, at=at)
    return found if isinstance(found, Recipient) else None


def find_recipient(
    session: Session, message: Message, target: Target, channel: Channel, *, at: datetime
) -> Recipient | Lack:
    """Whom this step means at this instant, or why it tells nobody; never asked for the supervisors."""
    meant = whom(session, message.practice_id, message.practitioner_id, target, at=at)
    if meant is None:
        is_somebody = whom(session, message.practice_id, message.practitioner_id, Target.ADDRESSEE, at=at) is not None
        return Lack.NO_ALTERNATE if target is Target.ALTERNATE and is_somebody else Lack.NOBODY_ON_CALL
    addresses = addresses_of(session, meant)
    way = way_to(addresses, target, channel, Urgency(message.urgency))
    return lack_of(addresses, target, channel) if way is None else Recipient(meant.id, meant.name, meant.staff_id, *way)


def whom(
    session: Session, practice_id: int, practitioner_id: int | None, target: Target, *, at: datetime
) -> Practitioner | None:
    """The practitioner whom a target means; a message for nobody by name is for whoever is on call."""
    if target is Target.SUPERVISOR:
        return None
    if target is Target.ON_CALL or practitioner_id is None:
        shift = who_is_on_call(session, practice_id, at=at)
        practitioner_id = None if shift is None else shift.practitioner_id
    if target is Target.ALTERNATE and practitioner_id is not None:
        practitioner_id = session.scalar(
            select(DispatchPreference.alternate_id).where(DispatchPreference.practitioner_id == practitioner_id)
        )
    return None if practitioner_id is None else session.get(Practitioner, practitioner_id)


def addresses_of(session: Session, practitioner: Practitioner) -> Addresses:
    """How this practitioner is reached; without wishes in the application, and by the number of the directory."""
    wish = session.get(DispatchPreference, practitioner.id)
    # A closed account signs in no more: its page tells nobody.
    account = None if practitioner.staff_id is None else session.get(Staff, practitioner.staff_id)
    has_account = account is not None and account.is_active
    mobile = practitioner.phone if wish is None else wish.mobile or practitioner.phone
    takes_texts = is_mobile(mobile)
    if wish is None:
        return Addresses(mobile=mobile, takes_texts=takes_texts, has_account=has_account)
    return Addresses(
        channel=Channel(wish.channel),
        mobile=mobile,
        takes_texts=takes_texts,
        second_number=wish.second_number,
        email=wish.email,
        has_account=has_account,
    )


def schedule_of(session: Session, practitioner_id: int) -> Schedule:
    """When this practitioner wants to be told; at once without a wish."""
    wish = session.get(DispatchPreference, practitioner_id)
    if wish is None:
        return Schedule()
    return Schedule(
        timing=Timing(wish.timing),
        batch_at=read_hours(wish.batch_at),
        quiet_from=wish.quiet_from,
        quiet_until=wish.quiet_until,
    )


def ladder_of(session: Session, practice_id: int, urgency: Urgency) -> Sequence[Step]:
    """The steps that a message of this urgency climbs here: the practice's own, or the default."""
    if urgency is not Urgency.URGENT:
        return ONCE
    own = session.scalars(
        select(EscalationStep).where(EscalationStep.practice_id == practice_id).order_by(EscalationStep.position)
    ).all()
    return [step_of(one) for one in own] or URGENT


def step_of(row: EscalationStep) -> Step:
    """A kept step as the rules know it."""
    return Step(
        position=row.position,
        after=row.after,
        target=Target(row.target),
        channel=Channel(row.channel),
        times=row.times,
        every=row.every,
    )

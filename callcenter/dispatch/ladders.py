"""A practice's own ladder for urgent messages: who is told next while nobody takes one, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.models import Practice
from callcenter.dispatch.models import Channel, EscalationStep, Target, Urgency
from callcenter.dispatch.recipients import ladder_of
from callcenter.dispatch.rules.ladder import URGENT, Step

MOST_STEPS = 12
LONGEST = timedelta(hours=2)
MOST_TIMES = 10
TARGETS = (Target.ADDRESSEE, Target.SECOND, Target.ALTERNATE, Target.ON_CALL)
CHANNELS = (Channel.OWN, Channel.APP, Channel.SMS, Channel.EMAIL, Channel.PHONE)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TypedStep:
    """One step as typed: minutes, and how often. The supervisors' own has ``after`` alone."""

    after: str = ""
    target: str = Target.ADDRESSEE
    channel: str = Channel.OWN
    times: str = "1"
    every: str = ""


def typed_ladder(steps: Sequence[Step]) -> list[TypedStep]:
    """Steps as a form shows them, the supervisors' last."""
    return [
        TypedStep(
            after=str(one.after // _MINUTE),
            target=one.target,
            channel=one.channel,
            times=str(one.times),
            every=str(one.every // _MINUTE) if one.times > 1 else "",
        )
        for one in sorted(steps, key=lambda one: one.target is Target.SUPERVISOR)
    ]


def own_ladder(session: Session, practice_id: int) -> Sequence[Step] | None:
    """The practice's own steps; None: it climbs the default ones."""
    steps = ladder_of(session, practice_id, Urgency.URGENT)
    return None if steps is URGENT else steps


def move_step(steps: Sequence[TypedStep], number: int, by: int) -> list[TypedStep]:
    """The step and its neighbour change places; each place keeps its minute. The supervisors' stays the last."""
    moved, other = list(steps), number + by
    if min(number, other) >= 0 and max(number, other) < len(moved) - 1:
        here, there = moved[number], moved[other]
        moved[number], moved[other] = replace(there, after=here.after), replace(here, after=there.after)
    return moved


def add_step(steps: Sequence[TypedStep]) -> list[TypedStep]:
    """One more step before the supervisors', at the minute between."""
    if len(steps) >= MOST_STEPS:
        return list(steps)
    return [*steps[:-1], TypedStep(after=steps[-1].after, target=Target.ON_CALL, channel=Channel.PHONE), steps[-1]]


def remove_step(steps: Sequence[TypedStep], number: int) -> list[TypedStep]:
    """Without this step; the supervisors' cannot be removed."""
    return [one for nth, one in enumerate(steps) if nth != number or nth == len(steps) - 1]


def save_ladder(
    session: Session, practice_id: int, typed: Sequence[TypedStep], *, at: datetime, staff_id: int | None
) -> None:
    """Keep a practice's own ladder as a whole, in the order of its minutes; what is planned already stays as it is.

    Raises ``Invalid`` naming the row (``step-2``, from 0).
    """
    steps = read_ladder(typed)
    _lock(session, practice_id)
    if [_without_position(one) for one in own_ladder(session, practice_id) or ()] == [
        _without_position(one) for one in steps
    ]:
        return
    _forget(session, practice_id)
    for one in steps:
        session.add(
            EscalationStep(
                practice_id=practice_id,
                position=one.position,
                after_seconds=int(one.after.total_seconds()),
                times=one.times,
                every_seconds=int(one.every.total_seconds()),
                target=one.target,
                channel=one.channel,
            )
        )
    session.flush()
    _note(session, practice_id, "ladder_changed", at=at, staff_id=staff_id)


def reset_ladder(session: Session, practice_id: int, *, at: datetime, staff_id: int | None) -> None:
    """Back to the default ladder. Twice, it changes nothing."""
    _lock(session, practice_id)
    if own_ladder(session, practice_id) is None:
        return
    _forget(session, practice_id)
    _note(session, practice_id, "ladder_reset", at=at, staff_id=staff_id)


def read_ladder(typed: Sequence[TypedStep]) -> list[Step]:
    """The steps that were typed, numbered from 1. Raises ``Invalid``.

    The supervisors come last, and not before anybody else was told for the last time.
    """
    if not typed or typed[-1].target != Target.SUPERVISOR:
        raise Invalid(N_("The last step is a person: the supervisors of the centre."), field="steps")
    if len(typed) > MOST_STEPS:
        raise Invalid(N_("A ladder has at most %(most)s steps."), field="steps", most=MOST_STEPS)
    rungs = sorted((_step(one, nth) for nth, one in enumerate(typed[:-1])), key=lambda one: one.after)
    field = f"step-{len(typed) - 1}"
    last = timedelta(minutes=_whole(typed[-1].after, field=field, least=0, most=LONGEST // _MINUTE))
    latest = max((one.after + (one.times - 1) * one.every for one in rungs), default=timedelta(0))
    if latest > LONGEST:
        raise Invalid(N_("A ladder ends within %(hours)s hours."), field="steps", hours=LONGEST // timedelta(hours=1))
    if last < latest:
        raise Invalid(
            N_("Others are told until minute %(minutes)s: the supervisors come after them."),
            field=field,
            minutes=latest // _MINUTE,
        )
    steps = [*rungs, Step(0, last, Target.SUPERVISOR, Channel.DESK)]
    return [replace(one, position=nth) for nth, one in enumerate(steps, start=1)]


def _step(typed: TypedStep, nth: int) -> Step:
    field = f"step-{nth}"
    if typed.target not in TARGETS:
        raise Invalid(N_("Choose who is told."), field=field)
    if typed.channel not in CHANNELS:
        raise Invalid(N_("Choose by what."), field=field)
    target = Target(typed.target)
    times = _whole(typed.times, field=field, least=1, most=MOST_TIMES)
    return Step(
        position=0,
        after=timedelta(minutes=_whole(typed.after, field=field, least=0, most=LONGEST // _MINUTE)),
        target=target,
        # The second number is a telephone: it is rung.
        channel=Channel.PHONE if target is Target.SECOND else Channel(typed.channel),
        times=times,
        every=timedelta(minutes=_whole(typed.every, field=field, least=1, most=60)) if times > 1 else timedelta(0),
    )


def _whole(typed: str, *, field: str, least: int, most: int) -> int:
    cleaned = clean_line(typed, limit=8)
    if not (cleaned.isascii() and cleaned.isdigit() and least <= int(cleaned) <= most):
        raise Invalid(N_("A number from %(least)s to %(most)s."), field=field, least=least, most=most)
    return int(cleaned)


def _without_position(step: Step) -> Step:
    return replace(step, position=0)


def _lock(session: Session, practice_id: int) -> None:
    """Two who save at once do so one after the other.

    Calls that come in meanwhile only refer to the practice, and do not wait.
    """
    session.execute(select(Practice.id).where(Practice.id == practice_id).with_for_update(key_share=True))


def _forget(session: Session, practice_id: int) -> None:
    session.execute(delete(EscalationStep).where(EscalationStep.practice_id == practice_id))


def _note(session: Session, practice_id: int, action: str, *, at: datetime, staff_id: int | None) -> None:
    record_act(session, action, f"practice {practice_id}", at=at, staff_id=staff_id, practice_id=practice_id)
    touch(session, f"messages-{practice_id}")

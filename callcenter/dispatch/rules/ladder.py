"""Who is told of a message, when, and who next if nobody takes it. Pure.

The default for what is urgent follows the best answering services seen: a notice every two minutes, five times, another
telephone at ten minutes, the alternate at fifteen, then a person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Target(StrEnum):
    """Who is told."""

    ADDRESSEE = "addressee"  # the practitioner whom the message is for; without one, whoever is on call
    SECOND = "second"  # the same, on the second number
    ALTERNATE = "alternate"  # the colleague named for the case
    ON_CALL = "on_call"  # whoever is on call at that instant
    SUPERVISOR = "supervisor"  # a person at the centre: always the last


class Channel(StrEnum):
    """How somebody is told."""

    OWN = "own"  # as the practitioner chose
    APP = "app"  # the messages page, open or not
    SMS = "sms"  # a link, no word of what it is about
    EMAIL = "email"  # the same
    PHONE = "phone"  # a call with keys
    DESK = "desk"  # on the supervisors' board


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder: ``after`` the message was due, then every ``every`` until it was done ``times``."""

    position: int
    after: timedelta
    target: Target
    channel: Channel
    times: int = 1
    every: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Planned:
    """One notice: the step, which repetition of it (from 1), and when."""

    position: int
    repetition: int
    due_at: datetime
    target: Target
    channel: Channel


URGENT = (
    Step(1, timedelta(0), Target.ADDRESSEE, Channel.OWN, times=5, every=timedelta(minutes=2)),
    Step(2, timedelta(minutes=10), Target.SECOND, Channel.PHONE),
    Step(3, timedelta(minutes=15), Target.ALTERNATE, Channel.PHONE),
    Step(4, timedelta(minutes=17), Target.SUPERVISOR, Channel.DESK),
)
ONCE = (Step(1, timedelta(0), Target.ADDRESSEE, Channel.OWN),)
"""What is not urgent is told once; unread at its deadline it is the desk's."""


def plan(
    steps: Sequence[Step],
    *,
    due_at: datetime,
    climbs: bool = True,
    is_reachable: Callable[[Step], bool] = lambda _step: True,
) -> tuple[Planned, ...]:
    """Every notice of a ladder, by instant. Steps whose target has no such address are left out.

    One that ``climbs`` has a person on it, also where a practice forgot her: she is told with the last notice. When
    nobody else can be reached, she is told at once, whatever the message.
    """
    rungs = [one for one in steps if one.target is not Target.SUPERVISOR]
    reachable = [one for one in rungs if is_reachable(one)]
    planned = [
        Planned(one.position, nth + 1, due_at + one.after + nth * one.every, one.target, one.channel)
        for one in reachable
        for nth in range(one.times)
    ]
    person = next((one for one in steps if one.target is Target.SUPERVISOR), None)
    if not reachable:
        planned.append(Planned(_position(steps, person), 1, due_at, Target.SUPERVISOR, Channel.DESK))
    elif person is not None or climbs:
        after = due_at + person.after if person is not None else max(one.due_at for one in planned)
        planned.append(Planned(_position(steps, person), 1, after, Target.SUPERVISOR, Channel.DESK))
    return tuple(sorted(planned, key=lambda one: (one.due_at, one.position, one.repetition)))


def _position(steps: Sequence[Step], person: Step | None) -> int:
    return person.position if person is not None else max((one.position for one in steps), default=0) + 1

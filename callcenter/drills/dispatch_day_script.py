"""The script of one day of calls, from a seed: who rings when, how long she waits, what her call leads to. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from callcenter.dispatch.models import Urgency

MORNING = datetime(2026, 11, 23, 6, tzinfo=UTC)
"""A Monday, 7 h in Paris."""

MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)
DAY_ENDS = MIDNIGHT + timedelta(minutes=30)
SWAP_AT = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
TURN_CHANGES = datetime(2026, 11, 23, 13, tzinfo=UTC)
"""14 h in Paris: the practice's next turn on call begins, the one that two doctors have exchanged."""

PRACTICES = 4
SWAPS, NOBODY_ON_CALL = 0, 2
"""The practice whose doctors exchange their turns, and the one that has no roster."""

DOCTORS_EACH = 3
TALK = timedelta(seconds=110)
_DAYTIME = timedelta(hours=13)
_BY_DAY = 0.96  # of all calls; the others come in the evening
_NUMBERS = 9000  # that the regulator keeps for fiction; the last thousand are the doctors'


class Deed(StrEnum):
    """What a call leads to."""

    NOTHING = "nothing"
    MESSAGE = "message"
    PROMISE = "promise"
    RELAY = "relay"


class Fate(StrEnum):
    """What becomes of a message at its reader's."""

    DONE = "done"  # taken, then done
    ANSWERED = "answered"
    TAKEN = "taken"  # and never done
    READ = "read"  # and never taken
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One caller. ``number`` is E.164, None: withheld; ``doctor`` counts within the practice, None: who is on call."""

    nth: int
    at: datetime
    practice: int
    number: str | None
    patience: timedelta
    talk: timedelta
    deed: Deed
    says_emergency: bool = False  # at the gate
    urgency: Urgency = Urgency.ROUTINE
    doctor: int | None = None
    fate: Fate = Fate.NEVER

    @property
    def sid(self) -> str:
        """The carrier's name of the call."""
        return f"CA{self.nth:032x}"


_FATES = {
    Urgency.URGENT: ((Fate.DONE, 35), (Fate.ANSWERED, 25), (Fate.TAKEN, 10), (Fate.READ, 10), (Fate.NEVER, 20)),
    Urgency.TODAY: ((Fate.DONE, 30), (Fate.ANSWERED, 40), (Fate.TAKEN, 10), (Fate.READ, 5), (Fate.NEVER, 15)),
    Urgency.ROUTINE: ((Fate.DONE, 25), (Fate.ANSWERED, 20), (Fate.TAKEN, 10), (Fate.READ, 5), (Fate.NEVER, 40)),
}


def write_script(calls: int, seed: int) -> list[ScriptedCall]:
    """So many calls, in their order. Ten of them are always the same story: the swap, and what lies about midnight."""
    chance = random.Random(seed)  # a script that can be played again
    story = _story()
    drawn = [_draw(chance) for _ in range(calls - len(story))]
    in_order = sorted([*drawn, *story], key=lambda one: one.at)
    return [replace(one, nth=nth) for nth, one in enumerate(in_order, start=1)]


def operators_needed(calls: int) -> int:
    """As many by day as just do not suffice at the busiest hours, so that some callers give up."""
    return max(2, math.ceil(calls * _BY_DAY * (TALK + timedelta(seconds=15)) / _DAYTIME * 1.05))


def _draw(chance: random.Random) -> ScriptedCall:
    if chance.random() < _BY_DAY:
        # Two waves, in the morning and after lunch.
        share = chance.betavariate(2, 4) if chance.random() < 0.6 else chance.betavariate(4, 3)
        at = MORNING + share * _DAYTIME
    else:
        at = MORNING + _DAYTIME + chance.random() * timedelta(hours=3, minutes=45)
    urgency = chance.choices(list(Urgency), (55, 30, 15))[0]
    return ScriptedCall(
        nth=0,
        at=at,
        practice=chance.randrange(PRACTICES),
        number=None if chance.random() < 0.04 else _number(chance),
        patience=timedelta(seconds=chance.choice((3, 20, 45, 75, 120, 180, 240, 420, 600))),
        talk=TALK * chance.uniform(0.4, 1.6),
        deed=chance.choices(list(Deed), (52, 36, 11, 1))[0],
        says_emergency=chance.random() < 0.01,
        urgency=urgency,
        doctor=None if chance.random() < 0.3 else chance.randrange(DOCTORS_EACH),
        fate=_fate(chance, urgency),
    )


def _fate(chance: random.Random, urgency: Urgency) -> Fate:
    fates: Sequence[tuple[Fate, int]] = _FATES[urgency]
    return chance.choices([one for one, _ in fates], [weight for _, weight in fates])[0]


def _number(chance: random.Random) -> str:
    # Some from a landline, which gets no text.
    return f"{'+3326191' if chance.random() < 0.15 else '+3363998'}{chance.randrange(_NUMBERS):04d}"


def _story() -> list[ScriptedCall]:
    minutes, seconds = timedelta(minutes=1), timedelta(seconds=1)
    plain = ScriptedCall(0, MIDNIGHT, SWAPS, "+33639989001", 10 * minutes, 100 * seconds, Deed.NOTHING)
    to_on_call = replace(plain, deed=Deed.MESSAGE, urgency=Urgency.URGENT)
    told = [
        replace(to_on_call, at=TURN_CHANGES - 40 * minutes),
        replace(to_on_call, at=TURN_CHANGES + 60 * minutes, fate=Fate.DONE),
        replace(to_on_call, at=TURN_CHANGES + 150 * minutes),
        # Its deadline lies after midnight; nobody takes it.
        replace(to_on_call, at=MIDNIGHT - 12 * minutes),
        replace(plain, at=MIDNIGHT - 11 * minutes, deed=Deed.PROMISE),
        # Two are answered, the third waits in vain.
        replace(plain, at=MIDNIGHT - 8 * minutes, talk=120 * seconds),
        replace(plain, at=MIDNIGHT - 8 * minutes + seconds, talk=120 * seconds),
        replace(plain, at=MIDNIGHT - 8 * minutes + 4 * seconds, patience=30 * seconds),
        # The regulator has not said "taken over" when the day ends.
        replace(plain, at=MIDNIGHT - 3 * minutes, deed=Deed.RELAY, talk=6 * minutes),
        # It rings at somebody's when the day ends.
        replace(plain, at=MIDNIGHT - 3 * seconds),
    ]
    return [replace(one, number=f"+3363998{9001 + nth}") for nth, one in enumerate(told)]

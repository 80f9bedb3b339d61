"""The lists of open loops: an operator's with the desk's, a supervisor's of everything, a practice's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from callcenter.desk.loop_rules import Loop, LoopKind, OwnerKind, OwnerReason
from callcenter.desk.loops import open_loops

_NOT_RINGING = (LoopKind.MESSAGE, LoopKind.CALLBACK, LoopKind.RELAY, LoopKind.TASK)
# Those have places of their own on her screen: the call-backs, and the emergency card.
_SHOWN_ELSEWHERE = frozenset({LoopKind.CALLBACK, LoopKind.RELAY})
ROWS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class LoopList:
    """Open loops, late first; ``shown`` are the first of them."""

    shown: Sequence[Loop]
    count: int
    late: int
    from_night: int = 0  # handed to her in the night, and she has not looked yet

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by: its key in the address, its name, how many are open."""

    key: str
    name: str
    count: int


def desk_loops(session: Session, staff_id: int, *, at: datetime, at_most: int = ROWS_AT_MOST) -> LoopList:
    """What is hers, and what the desk owes and nobody has taken."""
    found = [one for one in open_loops(session, at=at, kinds=_NOT_RINGING, at_desk=True) if _is_for(one, staff_id)]
    from_night = sum(one.owner.is_staff(staff_id) and one.owner.reason is OwnerReason.NIGHT for one in found)
    return _listed(found, at=at, at_most=at_most, from_night=from_night)


def practice_loops(session: Session, *, at: datetime) -> LoopList:
    """What is open in the practices of the session's scope, but for calls that ring for somebody at this moment.

    Every practitioner of a practice reads it: of what is one's alone it says that it is open and whose it is.
    """
    found = [
        replace(one, about="", number=None, words="") if one.is_private else one
        for one in open_loops(session, at=at, kinds=_NOT_RINGING)
    ]
    return _listed(found, at=at, at_most=ROWS_AT_MOST)


def filtered(loops: Sequence[Loop], *, practice: str, owner: str, at: datetime) -> LoopList:
    """Of these loops, those of a practice (its id) and of an owner (``owner_key``); empty: of all."""
    found = [
        one
        for one in loops
        if (not practice or str(one.practice_id) == practice) and (not owner or owner_key(one) == owner)
    ]
    return _listed(found, at=at, at_most=ROWS_AT_MOST)


def owner_key(loop: Loop) -> str:
    """By whom a list is filtered: ``staff-3``, ``practitioner-4``, ``desk`` or ``on_call``."""
    return loop.owner.key or loop.owner.kind.value


def practices_among(loops: Sequence[Loop]) -> list[Choice]:
    """The practices to which something is owed, by name."""
    names = {str(one.practice_id): one.practice_name for one in loops}
    return _choices(names, [str(one.practice_id) for one in loops])


def owners_among(loops: Sequence[Loop]) -> list[Choice]:
    """Those who have something, by name; whoever is nobody by name has an empty one, and stands first."""
    return _choices({owner_key(one): one.owner.name for one in loops}, [owner_key(one) for one in loops])


def _choices(names: dict[str, str], keys: list[str]) -> list[Choice]:
    return sorted(
        (Choice(key, name, keys.count(key)) for key, name in names.items()), key=lambda one: (one.name, one.key)
    )


def _is_for(loop: Loop, staff_id: int) -> bool:
    if loop.owner.is_staff(staff_id):
        return loop.kind not in _SHOWN_ELSEWHERE or loop.owner.reason is not OwnerReason.OWN
    return loop.owner.kind is OwnerKind.DESK and loop.kind not in _SHOWN_ELSEWHERE


def _listed(found: Sequence[Loop], *, at: datetime, at_most: int, from_night: int = 0) -> LoopList:
    return LoopList(found[:at_most], len(found), sum(one.is_late(at) for one in found), from_night)

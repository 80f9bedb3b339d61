"""The order of the emergency lines as the card shows it: which is on, which is next, which were tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from callcenter.desk.relay_rules import LegFact, RelayState, line_dialled_by_itself
from callcenter.directory.emergency_order import LineToTry, Proof


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of the order of trying, and where it stands in this relay."""

    label: str
    number: str
    is_on: bool  # the one shown large: dialled last, or what Enter dials
    is_next: bool  # dialled by itself when the one that is on does not answer
    was_tried: bool
    proof: Proof | None


def shown_lines(
    usable: Sequence[LineToTry], facts: Sequence[LegFact], *, on: str, state: RelayState
) -> list[ShownLine]:
    """The lines that may be dialled, in their order; ``on`` is the number shown large."""
    then = _then(usable, facts, state)
    tried = {leg.number for leg in facts}
    return [
        ShownLine(
            label=line.label,
            number=line.number,
            is_on=line.number == on,
            is_next=line == then,
            was_tried=line.number in tried,
            proof=line.proof,
        )
        for line in usable
    ]


def _then(usable: Sequence[LineToTry], facts: Sequence[LegFact], state: RelayState) -> LineToTry | None:
    """The line after the one that is shown large; None when that one is the last."""
    if not facts:
        return usable[1] if len(usable) > 1 else None
    in_vain = replace(facts[-1], status="failed", joined_at=None)
    following = line_dialled_by_itself(usable, [*facts[:-1], in_vain])
    if state is not RelayState.FAILED or following is None:
        return following
    place = usable.index(following)
    return usable[place + 1] if place + 1 < len(usable) else None

"""What happened in a relay, second by second, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.desk.models import EmergencyRelay
from callcenter.telephony.models import Leg, LegStatus


class StepKind(StrEnum):
    """What happened, or comes next."""

    OPENED = "opened"
    RED_FLAG = "red_flag"
    DIALLED = "dialled"
    RINGING = "ringing"
    FAILED = "failed"
    ANSWERED = "answered"
    DROPPED = "dropped"
    READ_BACK = "read_back"
    TAKEN_OVER = "taken_over"
    OPERATOR_CUT = "operator_cut"  # with nobody of the centre left on the line
    OPERATOR_BACK = "operator_back"


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its second (UTC, the server's); ``at`` None while it is still to come."""

    kind: StepKind
    at: datetime | None
    detail: str = ""
    after: timedelta | None = None


def steps_of(
    relay: EmergencyRelay, lines: Sequence[Leg], flag: Step | None, *, opened_by: str = "", cuts: Sequence[Step] = ()
) -> list[Step]:
    """The steps done, in the order they were, then those to come; ``lines`` are the emergency legs.

    ``opened_by`` is empty for whoever reads it herself; ``cuts`` are those of ``cuts_of``.
    """
    done = [Step(StepKind.OPENED, relay.opened_at, detail=opened_by), *cuts]
    if flag is not None:
        done.append(flag)
    for leg in lines:
        done.append(Step(StepKind.DIALLED, leg.wanted_at, detail=leg.name))
        if leg.ringing_at is not None:
            done.append(Step(StepKind.RINGING, leg.ringing_at, after=leg.ringing_at - leg.wanted_at))
        if leg.joined_at is not None:
            done.append(Step(StepKind.ANSWERED, leg.joined_at, after=leg.joined_at - (leg.ringing_at or leg.wanted_at)))
        if leg.status == LegStatus.FAILED or (leg.status == LegStatus.LEFT and leg.joined_at is None):
            done.append(Step(StepKind.FAILED, leg.left_at or leg.wanted_at, detail=leg.failure))
        elif leg.status == LegStatus.LEFT and relay.taken_over_at is None:
            done.append(Step(StepKind.DROPPED, leg.left_at))
    if relay.read_back_at is not None:
        done.append(Step(StepKind.READ_BACK, relay.read_back_at))
    if relay.taken_over_at is not None:
        done.append(Step(StepKind.TAKEN_OVER, relay.taken_over_at))
    # A stable sort: two steps of the same second stay in the order they were added.
    done.sort(key=lambda step: step.at or relay.opened_at)
    return done + _to_come(relay, lines)


def cuts_of(relay: EmergencyRelay, operators: Sequence[Leg], names: Mapping[int, str]) -> list[Step]:
    """When the last operator was cut off and when one was there again, from the opening until it was taken over.

    One who moves to her other telephone is not cut off: she is in the call through one of them.
    """
    steps = []
    for leg in operators:
        if leg.joined_at is None:
            continue
        others = [one for one in operators if one is not leg and one.joined_at is not None]
        if leg.joined_at > relay.opened_at and not any(_is_in(one, leg.joined_at) for one in others):
            steps.append(Step(StepKind.OPERATOR_BACK, leg.joined_at, detail=names.get(leg.staff_id or 0, "")))
        left_at = leg.left_at
        if left_at is not None and left_at > relay.opened_at and not any(_is_in(one, left_at) for one in others):
            steps.append(Step(StepKind.OPERATOR_CUT, left_at, detail=names.get(leg.staff_id or 0, "")))
    end = relay.taken_over_at
    return [step for step in steps if end is None or (step.at is not None and step.at < end)]


def _is_in(leg: Leg, at: datetime) -> bool:
    return leg.joined_at is not None and leg.joined_at <= at and (leg.left_at is None or leg.left_at > at)


def _to_come(relay: EmergencyRelay, lines: Sequence[Leg]) -> list[Step]:
    if relay.taken_over_at is not None:
        return []
    last = lines[-1] if lines else None
    coming = []
    if last is None or last.status in {LegStatus.FAILED, LegStatus.LEFT}:
        coming.append(Step(StepKind.DIALLED, None))
    if last is None or last.status != LegStatus.JOINED:
        coming.append(Step(StepKind.ANSWERED, None))
    if relay.read_back_at is None:
        coming.append(Step(StepKind.READ_BACK, None))
    return [*coming, Step(StepKind.TAKEN_OVER, None)]

"""Where a newcomer stands among those who wait: how many of her own are before her, and what puts her before others."""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, case, exists, func, literal_column, select

from callcenter.directory.models import PracticeLine
from callcenter.routing.choice import PRIORITIES, SIDE_BY_SIDE, PriorityReason
from callcenter.routing.models import OWED, Callback, QueueEntry
from callcenter.telephony.models import Call, CallDirection, CallStatus

REPEATED_WITHIN = timedelta(minutes=20)
_CALLS_BEFORE: ColumnElement[int] = literal_column("2")  # this is her third

ENTRY = cast(Table, QueueEntry.__table__)
_LINE = cast(Table, PracticeLine.__table__)
_CALLBACK = cast(Table, Callback.__table__)
_EARLIER = cast(Table, Call.__table__).alias("one_before")

# Words written out, as the partial indexes name them: a parameter would keep the databases from using them.
IS_WAITING = ENTRY.c.status == literal_column("'waiting'")


def ahead_of(practice_id: ColumnElement[int]) -> ColumnElement[int]:
    """How many of the same practice wait: a newcomer's ``QueueEntry.ahead``."""
    return (
        select(func.count()).select_from(ENTRY).where(IS_WAITING, ENTRY.c.practice_id == practice_id).scalar_subquery()
    )


def standing(
    call_id: ColumnElement[int],
    practice_id: ColumnElement[int],
    line_id: ColumnElement[int],
    number: ColumnElement[Any],
    *,
    since: ColumnElement[Any],
) -> Select[Any]:
    """One row: ``call_id``, ``practice_id``, ``ahead`` and ``reason`` of this caller; ``number`` NULL: withheld.

    ``since`` is ``REPEATED_WITHIN`` ago. Nobody passes the others by ringing from many telephones: whoever tries again
    has hung up before, and of a line with priority no more stand before the others than wait side by side anyhow.
    """
    # Calls of hers: one of ours that is to ring her back is none of her telephones.
    hers = (
        _EARLIER.c.practice_id == practice_id,
        _EARLIER.c.from_number == number,
        _EARLIER.c.id != call_id,
        _EARLIER.c.direction == _word(CallDirection.INBOUND),
    )
    tries = (
        select(func.count())
        .select_from(_EARLIER)
        .where(
            *hers,
            _EARLIER.c.received_at > since,
            _EARLIER.c.status == _word(CallStatus.ENDED),
        )
        .scalar_subquery()
    )
    is_alone = ~exists(select(_EARLIER.c.id).where(*hers, _EARLIER.c.status != _word(CallStatus.ENDED)))
    promised = exists(
        select(_CALLBACK.c.id).where(
            _CALLBACK.c.practice_id == practice_id,
            _CALLBACK.c.number == number,
            _CALLBACK.c.status.in_([_word(one) for one in OWED]),
        )
    )
    has_priority = exists(select(_LINE.c.id).where(_LINE.c.id == line_id, _LINE.c.is_priority))
    reason = case(
        (promised & is_alone, _word(PriorityReason.PROMISED)),
        ((tries >= _CALLS_BEFORE) & is_alone, _word(PriorityReason.REPEATED)),
        (has_priority & (ahead_of(practice_id) < literal_column(str(SIDE_BY_SIDE))), _word(PriorityReason.LINE)),
        else_=_word(PriorityReason.NONE),
    )
    return select(
        call_id.label("call_id"),
        practice_id.label("practice_id"),
        ahead_of(practice_id).label("ahead"),
        reason.label("reason"),
    )


def priority_of(reason: ColumnElement[Any]) -> ColumnElement[int]:
    """``choice.PRIORITIES``, as the databases compute it."""
    return case(
        *((reason == _word(one), literal_column(str(rank))) for one, rank in PRIORITIES.items() if rank),
        else_=literal_column("0"),
    )


def _word(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'")

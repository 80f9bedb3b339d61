"""The statements of an incoming call, built once: a caller waits for their answer, and hundreds may ring together.

PostgreSQL records and offers a call in one statement. SQLite knows no writing subqueries and needs no round trips: a
few statements in its one writing transaction, handed to the driver as they are, for SQLAlchemy's own work on each would
cost more than SQLite's. Parameters: ``sid``, ``to_number``, ``from_number``, ``address``, ``handling``, ``at``,
``expires_at``, ``hung_up_key``, ``repeated_since``, ``known_since``; rows to write are asked back, so that what was new
is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Insert,
    Select,
    Table,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import ColumnDefault
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from callcenter.core.db import Instant
from callcenter.directory.models import Practice, Staff
from callcenter.routing.choice import ReservationRule
from callcenter.routing.models import Agent, AgentStatus, Reservation
from callcenter.routing.skills import last_spoken_with, may_take
from callcenter.routing.standing import ENTRY, IS_WAITING, priority_of, standing
from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.lines import LINE
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus, WebhookReceipt

CALL, LEG = cast(Table, Call.__table__), cast(Table, Leg.__table__)
OFFER, AGENT = (cast(Table, kind.__table__) for kind in (Reservation, Agent))
RECEIPT, STAFF, PRACTICE = (cast(Table, kind.__table__) for kind in (WebhookReceipt, Staff, Practice))


def _word(value: str) -> ColumnElement[str]:
    """A status as the partial indexes name it: a parameter would keep the databases from using them."""
    return literal_column(f"'{value}'")


def _with_defaults(table: Table, fields: dict[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """The fields, and the model's own defaults of the others: inside a larger statement nobody else adds them."""
    defaults = {
        column.name: _constant(column.default.arg)
        for column in table.c
        if isinstance(column.default, ColumnDefault) and column.default.is_scalar
    }
    return {**defaults, **fields}


def _constant(value: object) -> ColumnElement[Any]:
    if isinstance(value, bool):
        return true() if value else false()
    return literal_column(str(value)) if isinstance(value, int) else _word(str(value))


AT = bindparam("at", type_=Instant())
_NUMBER = bindparam("from_number", type_=CALL.c.from_number.type)
_TO_NUMBER = bindparam("to_number", type_=CALL.c.sid.type)
IS_PENDING = OFFER.c.status == _word("pending")
IS_IDLE = (AGENT.c.status == _word("available"), AGENT.c.lease_until > AT)
# Every pending offer is of somebody who waits. Two counts on their partial indexes: looking for each caller's own offer
# costs several times as much when many are being offered at once.
SOMEBODY_WAITS = (
    select(func.count()).select_from(ENTRY).where(IS_WAITING).scalar_subquery()
    > select(func.count()).select_from(OFFER).where(IS_PENDING).scalar_subquery()
)
HUNG_UP = exists().where(RECEIPT.c.key == bindparam("hung_up_key"))

_LEG_FIELDS = {
    "role": _word(LegRole.PATIENT),
    "label": _word(PATIENT_LABEL),
    "address": bindparam("address", type_=LEG.c.address.type),
    "sid": bindparam("sid", type_=LEG.c.sid.type),
    "status": _word(LegStatus.DIALLING),
    "wanted_at": AT,
    "dialled_at": AT,
}


def _insert_call(kind: Any) -> Any:
    own: dict[str, ColumnElement[Any]] = {
        "line_id": LINE.c.id,
        "practice_id": LINE.c.practice_id,
        "sid": bindparam("sid", type_=CALL.c.sid.type),
        "from_number": _NUMBER,
        "status": _word(CallStatus.WAITING),
        "handling": bindparam("handling", type_=CALL.c.handling.type),
        "received_at": AT,
    }
    fields = _with_defaults(CALL, own)
    line = select(*fields.values()).where(LINE.c.number == _TO_NUMBER)
    return (
        kind(CALL)
        .from_select(list(fields), line)
        .on_conflict_do_nothing(index_elements=["sid"])
        .returning(CALL.c.id, CALL.c.practice_id, CALL.c.line_id)
    )


def _insert_leg(call_id: ColumnElement[int], practice_id: ColumnElement[int]) -> Insert:
    fields = _with_defaults(LEG, {"call_id": call_id, "practice_id": practice_id, **_LEG_FIELDS})
    return insert(LEG).from_select(list(fields), select(*fields.values())).returning(LEG.c.id)


def _standing(call_id: ColumnElement[int], practice_id: ColumnElement[int], line_id: ColumnElement[int]) -> Select[Any]:
    return standing(call_id, practice_id, line_id, _NUMBER, since=bindparam("repeated_since", type_=Instant()))


def _insert_entry(of_hers: Select[Any]) -> Insert:
    hers = of_hers.subquery("standing")
    own: dict[str, ColumnElement[Any]] = {
        "call_id": hers.c.call_id,
        "practice_id": hers.c.practice_id,
        "status": _word("waiting"),
        "priority": priority_of(hers.c.reason),
        "priority_reason": hers.c.reason,
        "ahead": hers.c.ahead,
        "joined_at": AT,
    }
    fields = _with_defaults(ENTRY, own)
    new = insert(ENTRY).from_select(list(fields), select(*fields.values()))
    return new.returning(ENTRY.c.id, ENTRY.c.call_id, ENTRY.c.practice_id, ENTRY.c.priority_reason)


def _offer_fields(source: dict[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    own = {
        **source,
        "status": _word("pending"),
        "offered_at": AT,
        "expires_at": bindparam("expires_at", type_=Instant()),
    }
    return _with_defaults(OFFER, own)


def _best() -> Select[Any]:
    """Whom to ask: whoever spoke with this caller last, else the longest idle; since when she is free, and why she."""
    # By the dialled number, which is known before anything is written: the databases look once, not for each operator.
    practice_id = select(LINE.c.practice_id).where(LINE.c.number == _TO_NUMBER).scalar_subquery()
    last = last_spoken_with(practice_id, _NUMBER, since=bindparam("known_since", type_=Instant()))
    is_known = AGENT.c.staff_id == func.coalesce(last.scalar_subquery(), literal_column("0"))
    rule = case((is_known, _word(ReservationRule.AFFINITY)), else_=_word(ReservationRule.LONGEST_IDLE))
    return (
        select(AGENT.c.staff_id, AGENT.c.status_since, rule.label("rule"))
        .join_from(AGENT, STAFF, STAFF.c.id == AGENT.c.staff_id)
        .join(PRACTICE, PRACTICE.c.id == practice_id)
        .where(*IS_IDLE, may_take())
        .order_by(is_known.desc(), AGENT.c.status_since, AGENT.c.staff_id)
        .limit(literal_column("1"))
    )


def _reserve() -> Any:
    return update(AGENT).values(
        status=_word(AgentStatus.RESERVED), status_since=AT, call_id=null(), missed_call=false()
    )


_CALL_ID, _PRACTICE_ID = bindparam("call_id", type_=CALL.c.id.type), bindparam("practice_id", type_=CALL.c.id.type)
_LINE_ID, _ENTRY_ID, _STAFF_ID = (
    bindparam(name, type_=CALL.c.id.type) for name in ("line_id", "entry_id", "offered_to")
)

FIND_CALL = select(CALL.c.id, CALL.c.practice_id, CALL.c.handling).where(CALL.c.sid == bindparam("sid"))


@dataclass(frozen=True, slots=True)
class Step:
    """A statement as SQLite's driver takes it: its text, and where each parameter comes from."""

    sql: str
    names: tuple[str, ...]
    own: dict[str, Any]  # those that SQLAlchemy put there

    def parameters(self, values: dict[str, Any]) -> list[Any]:
        """The values by place."""
        return [self.own[name] if name in self.own else values[name] for name in self.names]


_SQLITE = sqlite.dialect()


def _step(statement: Any) -> Step:
    compiled = statement.compile(dialect=_SQLITE)
    own = {name: value for name, value in compiled.params.items() if value is not None}
    return Step(str(compiled), tuple(compiled.positiontup), own)


def as_sqlite_keeps_it(at: datetime) -> str:
    """An instant in the form of the columns."""
    return str(_KEPT(at))


_KEPT = cast(Callable[[datetime], str], Instant().bind_processor(_SQLITE))


class Steps:
    """One after the other, within one writing transaction."""

    insert_call = _step(_insert_call(sqlite.insert))
    insert_leg = _step(_insert_leg(_CALL_ID, _PRACTICE_ID))
    # Asked before she joins the queue herself.
    look = _step(select(HUNG_UP, SOMEBODY_WAITS, exists().where(*IS_IDLE)))
    insert_entry = _step(_insert_entry(_standing(_CALL_ID, _PRACTICE_ID, _LINE_ID)))
    choose = _step(_best())
    reserve = _step(_reserve().where(AGENT.c.staff_id == _STAFF_ID, *IS_IDLE))
    _offer = _offer_fields(
        {
            "queue_entry_id": _ENTRY_ID,
            "call_id": _CALL_ID,
            "practice_id": _PRACTICE_ID,
            "staff_id": _STAFF_ID,
            "rule": bindparam("rule", type_=OFFER.c.rule.type),
            "idle_since": bindparam("idle_since", type_=Instant()),
        }
    )
    insert_offer = _step(
        sqlite.insert(OFFER)
        .from_select(list(_offer), select(*_offer.values()).where(true()))
        .on_conflict_do_nothing()
        .returning(OFFER.c.id)
    )


def _record_at_once() -> Select[Any]:
    """Everything in one statement. All its parts see the tables as they were before it.

    The operator is passed over when another transaction holds her row; the partial unique indexes have the last word.
    """
    call = _insert_call(postgresql.insert).cte("new_call")
    leg = _insert_leg_of(call).cte("new_leg")
    is_to_wait = bindparam("handling", type_=CALL.c.handling.type) == _word("queue")
    hers = _standing(call.c.id, call.c.practice_id, call.c.line_id).select_from(call).where(is_to_wait)
    entry = _insert_entry(hers).cte("new_entry")
    idle = (
        _best()
        .where(exists(select(entry.c.id)), ~SOMEBODY_WAITS, ~HUNG_UP)
        .with_for_update(skip_locked=True, key_share=True, of=AGENT)
        .cte("idle")
    )
    reserved = (
        _reserve()
        .where(AGENT.c.staff_id == idle.c.staff_id, AGENT.c.status == _word("available"))
        .returning(AGENT.c.staff_id)
        .cte("reserved")
    )
    fields = _offer_fields(
        {
            "queue_entry_id": entry.c.id,
            "call_id": entry.c.call_id,
            "practice_id": entry.c.practice_id,
            "staff_id": reserved.c.staff_id,
            "rule": idle.c.rule,
            "idle_since": idle.c.status_since,
        }
    )
    offer = (
        postgresql.insert(OFFER)
        .from_select(list(fields), select(*fields.values()).select_from(_beside(_beside(entry, reserved), idle)))
        .on_conflict_do_nothing()
        .returning(OFFER.c.id)
        .cte("new_offer")
    )
    return select(
        call.c.id,
        call.c.practice_id,
        select(leg.c.id).scalar_subquery(),
        HUNG_UP,
        exists().where(*IS_IDLE),
        select(reserved.c.staff_id).scalar_subquery(),
        select(offer.c.id).scalar_subquery(),
        select(entry.c.priority_reason).scalar_subquery(),
    )


def _insert_leg_of(call: FromClause) -> Insert:
    return _insert_leg(call.c.id, call.c.practice_id)


def _beside(left: FromClause, right: FromClause) -> FromClause:
    return left.join(right, true())


RECORD_AT_ONCE = _record_at_once()

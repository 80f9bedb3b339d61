"""After a call: a time by what it was about, one more minute for whoever asks, and an end by itself.

The choice is kept here from the first digit on, so that neither a reload nor a closed page dodges it: without one the
wrap-up stays, however long that takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.clock import Clock
from callcenter.core.db import Database, touch
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.guarding import guarded
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.drafts import drafts_of, save_draft
from callcenter.desk.models import DispositionCode, WrapUpTime
from callcenter.routing.agents import was_changed
from callcenter.routing.models import Agent, AgentStatus

FORM = "wrap-up"
ONE_MORE = timedelta(minutes=1)
SHORTEST, LONGEST = 5, 600  # seconds
# A digit pressed late, or by mistake, is seen before it ends the call.
_SEEN_FOR = timedelta(seconds=5)
_DEFAULT = 30
_DEFAULTS = {DispositionCode.BOOKED: 20, DispositionCode.MESSAGE: 45, DispositionCode.URGENT_RELAYED: 90}
_SCOPE = Centre(CentreReason.DISTRIBUTION)


@dataclass(frozen=True, slots=True)
class WrapUp:
    """How her wrap-up stands. ``ends_at`` is when it ends by itself, or would: without a choice it stays."""

    ends_at: datetime
    chosen: DispositionCode | None
    more: int  # how many minutes she asked for


def wrap_up_times(session: Session) -> dict[DispositionCode, int]:
    """The seconds for each way a call ends: the centre's own rule, else ours."""
    own = {DispositionCode(row.code): row.seconds for row in session.scalars(select(WrapUpTime))}
    return {code: own.get(code, _DEFAULTS.get(code, _DEFAULT)) for code in DispositionCode}


def set_wrap_up_times(session: Session, typed: Mapping[DispositionCode, str], *, staff_id: int, at: datetime) -> None:
    """Set the seconds of every way a call ends. Raises ``Invalid`` (the code as field) and then changes nothing."""
    seconds = {code: _read_seconds(code, text) for code, text in typed.items()}
    for code, figure in seconds.items():
        if not insert_new(session, WrapUpTime, code=code, seconds=figure):
            session.execute(update(WrapUpTime).where(WrapUpTime.code == code).values(seconds=figure))
    record_act(session, "set", "wrap_up_time", staff_id=staff_id, at=at)


def read_wrap_up(session: Session, agent: Agent, *, likely: DispositionCode | None) -> WrapUp:
    """How the wrap-up of this operator stands; until she chooses, its time is that of the likely ending."""
    assert agent.call_id is not None
    chosen, more = _kept(session, agent.call_id, agent.staff_id)
    if agent.wrap_up_until is not None:
        return WrapUp(agent.wrap_up_until, chosen, more)
    seconds = wrap_up_times(session)[chosen or likely or DispositionCode.NONE]
    return WrapUp(agent.status_since + timedelta(seconds=seconds), chosen, more)


def keep_choice(session: Session, call_id: int, *, staff_id: int, code: DispositionCode, at: datetime) -> None:
    """Keep how her call ended, as chosen so far; its time counts from the end of the call.

    Raises ``NotFound`` for a call that is not hers and ``Conflict`` when she does not wrap it up.
    """
    agent = _wrapping_up(session, call_id, staff_id)
    _, more = _kept(session, call_id, staff_id)
    save_draft(session, call_id, staff_id=staff_id, form=FORM, fields=_fields(code, more), at=at)
    ends_at = agent.status_since + timedelta(seconds=wrap_up_times(session)[code]) + more * ONE_MORE
    _set_end(session, agent, max(ends_at, at + _SEEN_FOR))


def prolong(
    session: Session, call_id: int, *, staff_id: int, likely: DispositionCode | None, more: int, at: datetime
) -> None:
    """One minute more. ``more`` is how many she sees already: the same key pressed once, sent twice, counts once.

    Raises as ``keep_choice``.
    """
    agent = _wrapping_up(session, call_id, staff_id)
    stands = read_wrap_up(session, agent, likely=likely)
    if stands.more != more:
        return
    fields = _fields(stands.chosen, more + 1)
    save_draft(session, call_id, staff_id=staff_id, form=FORM, fields=fields, at=at)
    _set_end(session, agent, max(stands.ends_at, at) + ONE_MORE)


def finish_due_wrap_ups(database: Database, clock: Clock) -> None:
    """End the wrap-ups whose time is over and whose ending is chosen; run every second."""
    at = clock.now()
    with database.reading(_SCOPE) as session:
        due = session.execute(
            select(Agent.staff_id, Agent.call_id)
            .where(Agent.status == AgentStatus.WRAP_UP, Agent.wrap_up_until <= at, Agent.call_id.is_not(None))
            .order_by(Agent.staff_id)
        ).all()
    for staff_id, call_id in due:
        if call_id is not None:
            with guarded(f"wrap-up of call {call_id}"):
                _finish(database, staff_id, call_id, at=at)


def _finish(database: Database, staff_id: int, call_id: int, *, at: datetime) -> None:
    with database.unit_of_work(_SCOPE) as session:
        chosen, _ = _kept(session, call_id, staff_id)
        claim = update(Agent).where(
            Agent.staff_id == staff_id,
            Agent.status == AgentStatus.WRAP_UP,
            Agent.call_id == call_id,
            Agent.wrap_up_until <= at,
        )
        # Prolonged or finished meanwhile, or prolonged without a choice: then it stays.
        if chosen is not None and was_changed(session, claim.values(wrap_up_until=None)):
            choose_disposition(session, call_id, staff_id=staff_id, code=chosen, at=at, by_itself=True)


def _wrapping_up(session: Session, call_id: int, staff_id: int) -> Agent:
    locked = select(Agent).where(Agent.staff_id == staff_id).with_for_update(key_share=True)
    agent = session.scalar(locked.execution_options(populate_existing=True))
    if agent is None or agent.call_id != call_id or agent.status != AgentStatus.WRAP_UP:
        raise Conflict(N_("This call is no longer being wrapped up."))
    return agent


def _kept(session: Session, call_id: int, staff_id: int) -> tuple[DispositionCode | None, int]:
    fields = drafts_of(session, call_id, staff_id=staff_id).get(FORM, {})
    try:
        chosen = DispositionCode(fields.get("code", ""))
    except ValueError:
        chosen = None
    more = fields.get("more", "0")
    return chosen, int(more) if more.isdecimal() else 0


def _fields(code: DispositionCode | None, more: int) -> dict[str, str]:
    return {"code": code or "", "more": str(more)}


def _set_end(session: Session, agent: Agent, ends_at: datetime) -> None:
    session.execute(
        update(Agent)
        .where(Agent.staff_id == agent.staff_id, Agent.status == AgentStatus.WRAP_UP, Agent.call_id == agent.call_id)
        .values(wrap_up_until=ends_at)
    )
    touch(session, f"desk-{agent.staff_id}", "queue")


def _read_seconds(code: DispositionCode, typed: str) -> int:
    text = typed.strip()
    if not text.isdecimal() or not SHORTEST <= int(text[:6]) <= LONGEST:
        raise Invalid(
            N_("Give %(shortest)s to %(longest)s seconds, for example 30."),
            field=code.value,
            shortest=SHORTEST,
            longest=LONGEST,
        )
    return int(text)

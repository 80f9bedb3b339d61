"""Whether the product believes of every caller what the carrier knows."""

from sqlalchemy import func, select

from callcenter.drills.stage import ALL, OVER, Stage, talks
from callcenter.drills.verdict import Verdict
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, QueueEntryStatus, Reservation, ReservationStatus
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus


def count_callers(stage: Stage, sids: list[str], verdict: Verdict) -> None:
    with stage.database.reading(ALL) as session:
        known = set(session.scalars(select(Call.sid).where(Call.sid.in_(sids))))
        verdict.lost = len(set(sids) - known)
        twice = select(QueueEntry.call_id).group_by(QueueEntry.call_id).having(func.count() > 1)
        verdict.doubled = len(session.scalars(twice).all())
    verdict.expect(verdict.lost == 0, f"no caller is lost ({verdict.lost} are)")
    verdict.expect(verdict.doubled == 0, "no caller is held twice")


def unaccounted(stage: Stage, sids: list[str]) -> list[str]:
    """Every caller about whom the product believes something else than the carrier."""
    with stage.database.reading(ALL) as session:
        calls = {call.sid: call for call in session.scalars(select(Call).where(Call.sid.in_(sids)))}
        entries = {entry.call_id: entry for entry in session.scalars(select(QueueEntry))}
        on_call = {
            agent.call_id: agent for agent in session.scalars(select(Agent)) if agent.status == AgentStatus.ON_CALL
        }
        legs = session.scalars(select(Leg).where(Leg.role == LegRole.OPERATOR, Leg.status == LegStatus.JOINED)).all()
    joined = {leg.call_id for leg in legs}
    wrong = []
    for sid in sids:
        view, call = stage.view(sid), calls.get(sid)
        if call is None:
            wrong.append(f"{sid[-6:]}: unknown")
        elif view["status"] in OVER:
            if call.status != CallStatus.ENDED or call.id in on_call:
                wrong.append(f"{sid[-6:]}: over at the carrier, {call.status} here")
        elif talks(view):
            if call.status != CallStatus.TALKING or call.id not in joined:
                wrong.append(f"{sid[-6:]}: talks at the carrier, {call.status} here")
        elif view["in_conference"]:
            entry = entries.get(call.id)
            if entry is None or entry.status != QueueEntryStatus.WAITING or call.status == CallStatus.ENDED:
                wrong.append(f"{sid[-6:]}: waits at the carrier, {entry.status if entry else 'in no queue'} here")
    return wrong


def kept_operators(stage: Stage) -> list[str]:
    """Operators who are held by a call that is over, or by an offer that is none."""
    with stage.database.reading(ALL) as session:
        over = set(session.scalars(select(Call.id).where(Call.status == CallStatus.ENDED)))
        offered = set(
            session.scalars(select(Reservation.staff_id).where(Reservation.status == ReservationStatus.PENDING))
        )
        agents = session.scalars(select(Agent)).all()
    return [
        f"operator {agent.staff_id}: {agent.status}"
        for agent in agents
        if (agent.status == AgentStatus.ON_CALL and agent.call_id in over)
        or (agent.status == AgentStatus.RESERVED and agent.staff_id not in offered)
    ]

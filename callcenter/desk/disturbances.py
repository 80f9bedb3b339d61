"""What went wrong with calls: alarms that stand, and what was put right after a look at the carrier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.core.i18n import N_
from callcenter.desk.models import AbuseReport, Supervision
from callcenter.directory.models import Practice, Staff
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.alarms import open_alarms
from callcenter.telephony.models import AlarmKind, Call, Leg, LegStatus, Repair

SHOWN_FOR = timedelta(hours=24)
_SENTENCES = {
    "leg_over": N_("The end of a telephone's part in a call had not been reported. It was noted as over."),
    "leg_failed": N_("A telephone that did not answer had not been reported. It was noted as not reached."),
    "leg_joined": N_("A telephone was in the conversation without a report of it. It is shown there now."),
    "leg_rang": N_("A telephone was ringing without a report of it. It is shown as ringing now."),
    "hold": N_("Hold was shown otherwise than it was. It was put right."),
    "mute": N_("A microphone was shown otherwise than it was. It was put right."),
    "telephone_adopted": N_("A telephone rung in an emergency was not written down. It is shown in its call now."),
    "caller_queued": N_("A caller waited without our knowing. She was put in the queue."),
    "caller_noted": N_(
        "A caller heard the announcement for failures only. She is among the call-backs, unless she hid her number or "
        "was put through."
    ),
    "room_closed": N_("A call that was over was still open at the carrier. It was closed there."),
    "operator_freed": N_("An operator was held by a call that was over. She was freed."),
    "place_closed": N_("A place in the queue stood for a call that was over. It was closed."),
    "text_settled": N_("The receipt of a text had not come. The carrier was asked what became of it."),
}
_OTHERWISE = N_("Something stood otherwise at the carrier than here. It was put right.")
_ALARMS = {
    AlarmKind.PATIENT_LOST: N_("The patient's line was lost during an emergency or a transfer."),
    AlarmKind.ABUSE: N_("An operator is being abused and asks for you."),
}


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm that stands; ``sentence`` is a message id, ``number`` E.164 or None.

    ``is_abuse`` says that an operator is in need, and not a patient: red is for patients. ``operator`` is her name,
    ``beside`` the supervisor who is in the call with her; empty while nobody is.
    """

    call_id: int
    practice_name: str
    sentence: str
    raised_at: datetime
    number: str | None
    is_abuse: bool
    operator: str = ""
    beside: str = ""


@dataclass(frozen=True, slots=True)
class RepairLine:
    """One thing put right; ``sentence`` is a message id, ``practice_name`` empty when no call was concerned."""

    id: int
    practice_name: str
    sentence: str
    repaired_at: datetime


@dataclass(frozen=True, slots=True)
class Disturbances:
    """Alarms, the oldest first; repairs of the last 24 h, the newest first, and how many there were in all."""

    alarms: list[AlarmLine]
    repairs: list[RepairLine]
    repaired: int


def read_disturbances(session: Session, *, at: datetime, limit: int = 20) -> Disturbances:
    """What a supervisor must see of calls that did not go as they should. Needs a scope that sees every practice."""
    alarms = open_alarms(session)
    names = dict(
        session.execute(
            select(Practice.id, Practice.name).where(Practice.id.in_({one.practice_id for one in alarms}))
        ).all()
    )
    abused = {one.call_id for one in alarms if one.kind == AlarmKind.ABUSE}
    operators, beside = _who_talks(session, abused), _who_is_beside(session, abused)
    recent = Repair.repaired_at > at - SHOWN_FOR
    rows = session.execute(
        select(Repair, Practice.name)
        .outerjoin(Call, Call.id == Repair.call_id)
        .outerjoin(Practice, Practice.id == Call.practice_id)
        .where(recent)
        .order_by(Repair.repaired_at.desc(), Repair.id.desc())
        .limit(limit)
    )
    return Disturbances(
        alarms=[
            AlarmLine(
                one.call_id,
                names.get(one.practice_id, ""),
                _ALARMS[one.kind],
                one.raised_at,
                one.number,
                is_abuse=one.kind == AlarmKind.ABUSE,
                operator=operators.get(one.call_id, "") if one.call_id in abused else "",
                beside=beside.get(one.call_id, "") if one.call_id in abused else "",
            )
            for one in alarms
        ],
        repairs=[
            RepairLine(repair.id, name or "", _SENTENCES.get(repair.kind, _OTHERWISE), repair.repaired_at)
            for repair, name in rows
        ],
        repaired=session.scalar(select(func.count(Repair.id)).where(recent)) or 0,
    )


def _who_talks(session: Session, call_ids: set[int]) -> dict[int, str]:
    """Her name by call; of several who talk in one, she who reported."""
    if not call_ids:
        return {}
    rows = session.execute(
        select(Agent.call_id, Staff.name)
        .join(Staff, Staff.id == Agent.staff_id)
        .join(AbuseReport, AbuseReport.call_id == Agent.call_id)
        .where(Agent.call_id.in_(call_ids), Agent.status == AgentStatus.ON_CALL)
        .order_by(AbuseReport.staff_id == Agent.staff_id, Agent.staff_id)
    )
    return {call_id: name for call_id, name in rows if call_id is not None}


def _who_is_beside(session: Session, call_ids: set[int]) -> dict[int, str]:
    """The supervisor's name by call; of several, who came first."""
    if not call_ids:
        return {}
    rows = session.execute(
        select(Supervision.call_id, Staff.name)
        .join(Leg, Leg.id == Supervision.leg_id)
        .join(Staff, Staff.id == Supervision.supervisor_id)
        .where(Supervision.call_id.in_(call_ids), Supervision.ended_at.is_(None), Leg.status == LegStatus.JOINED)
        .order_by(Supervision.id.desc())
    )
    return dict(rows.all())

"""Gestures that cannot wait for the next tick: done behind the commit that asks for them, the sweep being their net."""

from functools import partial

from sqlalchemy.orm import Session

from callcenter.core.db import after_commit
from callcenter.desk.emergency_dialling import dial_next_line
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.events import CallLost, LegChanged
from callcenter.telephony.models import LegRole, LegStatus
from callcenter.telephony.outbound import want_patient
from callcenter.telephony.ringing_back import ring_back_patient
from callcenter.web.context import World
from callcenter.web.deadline import in_background

_OVER = {LegStatus.FAILED, LegStatus.LEFT}


def act_at_once(world: World) -> None:
    """Have the next emergency line dialled, a lost patient rung back, and a caller who is owed a call rung, at once."""
    tell = {"settings": world.settings}

    def follow_emergency_line(session: Session, event: LegChanged) -> None:
        if event.role == LegRole.EMERGENCY and event.status in _OVER:
            act = partial(dial_next_line, world.database, world.provider, event.call_id, world.clock, **tell)
            after_commit(session, lambda: in_background(world.urgent, act))

    def follow_lost_patient(session: Session, event: CallLost) -> None:
        act = partial(ring_back_patient, world.database, world.provider, event.call_id, world.clock, **tell)
        after_commit(session, lambda: in_background(world.urgent, act))

    def follow_operator(session: Session, event: LegChanged) -> None:
        if event.role != LegRole.OPERATOR or event.status != LegStatus.JOINED:
            return
        patient = want_patient(session, event.call_id, at=event.at)
        if patient is not None and patient.status == LegStatus.WANTED:
            act = partial(dial_leg, world.database, world.provider, patient.id, world.clock, settings=world.settings)
            after_commit(session, lambda: in_background(world.urgent, act))

    world.database.bus.subscribe(LegChanged, follow_emergency_line)
    world.database.bus.subscribe(LegChanged, follow_operator)
    world.database.bus.subscribe(CallLost, follow_lost_patient)

"""The callers of the day: they ring, wait, press the key at the gate, ask to be rung back by the address, give up."""

import re

from sqlalchemy import select

from callcenter.drills.dispatch_day_script import ScriptedCall
from callcenter.drills.dispatch_day_stage import SCOPE, Stage
from callcenter.messaging.receipts import record_receipt
from callcenter.routing.arrival import admit_call, receive_call
from callcenter.routing.callback_link import LinkStanding, ask_by_link
from callcenter.routing.models import CallbackLink, QueueEntry, QueueEntryStatus
from callcenter.telephony.calls import PATIENT_LABEL
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallHandling, CallStatus, Leg
from callcenter.telephony.state import LegNews

_ADDRESS = re.compile(r"/r/([a-z2-7]{26})")


class Callers:
    """Everybody who rings."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.by_call: dict[int, ScriptedCall] = {}
        self.somebody_waits = False
        self._texts_read = 0

    def ring_all_day(self, script: list[ScriptedCall]) -> None:
        """Each at her time."""
        for scripted in script:
            self._stage.at(scripted.at, self._ring, scripted)

    def read_texts(self) -> None:
        """What the carrier says of each text; half of those who are asked whether they want to be rung back do."""
        stage = self._stage
        for text in stage.carrier.texts[self._texts_read :]:
            arrives = stage.chance.random() < 0.95
            with stage.database.unit_of_work(SCOPE) as session:
                status = "delivered" if arrives else "undelivered"
                record_receipt(session, message_id=None, sid=text.sid, status=status, error_code=None, at=stage.now)
            address = _ADDRESS.search(text.body)
            if address is not None and arrives and stage.chance.random() < 0.5:
                stage.later(stage.chance.uniform(5, 30), self._ask, address[1])
        self._texts_read = len(stage.carrier.texts)

    def look_who_waits(self) -> bool:
        """Whether anybody is on the line whom nobody has answered."""
        with self._stage.database.reading(SCOPE) as session:
            waits = select(QueueEntry.id).where(QueueEntry.status == QueueEntryStatus.WAITING)
            self.somebody_waits = session.scalar(waits.limit(1)) is not None
        return self.somebody_waits

    def _ring(self, scripted: ScriptedCall) -> None:
        stage = self._stage
        house = stage.cast.houses[scripted.practice]
        handling = CallHandling.GATED if scripted.says_emergency else CallHandling.QUEUE
        with stage.work("rang") as session:
            received = receive_call(
                session,
                sid=scripted.sid,
                to_number=house.number,
                from_number=scripted.number,
                at=stage.now,
                handling=handling,
            )
            if received is None:
                raise RuntimeError("the drill rings a number that nobody has")
            if scripted.says_emergency:
                admit_call(session, scripted.sid, urgent=True, at=stage.now)
            patient = session.scalars(
                select(Leg).where(Leg.call_id == received.call_id, Leg.label == PATIENT_LABEL)
            ).one()
            record_leg_event(session, patient, LegNews.JOINED, at=stage.now)
        stage.diary.rang[scripted.sid] = house.id
        self.by_call[received.call_id] = scripted
        self.somebody_waits = True
        stage.later(scripted.patience.total_seconds(), self._give_up, received.call_id)

    def _ask(self, token: str) -> None:
        stage = self._stage
        with stage.work("asked by the address") as session:
            view = ask_by_link(session, token, at=stage.now)
            if view is None or view.standing is not LinkStanding.PROMISED:
                return
            call_id = session.scalars(select(CallbackLink.call_id).where(CallbackLink.used_at == stage.now)).first()
        if call_id is not None and (number := self.by_call[call_id].number) is not None:
            stage.diary.promised[call_id] = number

    def _give_up(self, call_id: int) -> None:
        """She hangs up, unless somebody is with her; who was told that she is rung back has not waited in vain."""
        stage, scripted = self._stage, self.by_call[call_id]
        if scripted.sid in stage.diary.answered:
            return
        with stage.work("hung up waiting") as session:
            status = session.scalar(select(Call.status).where(Call.id == call_id))
            place = session.scalar(select(QueueEntry.status).where(QueueEntry.call_id == call_id))
            if status == CallStatus.ENDED:
                return
            if place == QueueEntryStatus.CALLBACK and scripted.number is not None:
                stage.diary.promised[call_id] = scripted.number
            elif scripted.number is not None:
                stage.diary.gave_up[call_id] = (scripted.number, scripted.at, stage.now)
            patient = session.scalars(select(Leg).where(Leg.call_id == call_id, Leg.label == PATIENT_LABEL)).one()
            record_leg_event(session, patient, LegNews.HUNG_UP, at=stage.now)

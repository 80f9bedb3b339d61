"""The operators of the day: they come, answer, write, promise, ring back, settle what is owed, and go home."""

from collections.abc import Sequence

from sqlalchemy import select

from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.emergency import note_read_back, note_taken_over, open_relay, save_place
from callcenter.desk.emergency_dialling import dial_emergency
from callcenter.desk.loop_rules import Loop, LoopKind
from callcenter.desk.loops import open_loops
from callcenter.desk.message_writing import ON_CALL, TypedForm, write_in_call
from callcenter.desk.models import DispositionCode
from callcenter.desk.owning import give_loop, take_loop
from callcenter.desk.tasks import finish_task, give_back, promise
from callcenter.directory.models import Staff
from callcenter.directory.staff import change_staff, load_staff
from callcenter.dispatch.writing import withdraw_message
from callcenter.drills.dispatch_day_cast import Shift
from callcenter.drills.dispatch_day_doctors import Doctors
from callcenter.drills.dispatch_day_script import Deed, ScriptedCall
from callcenter.drills.dispatch_day_stage import SCOPE, Stage
from callcenter.routing import presence
from callcenter.routing.calling_back import take_callback
from callcenter.routing.models import Agent, AgentStatus, Reservation, ReservationStatus
from callcenter.routing.taking import accept_offer
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallDirection, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews

_LETS_RING = 0.005
_CODES = {
    Deed.MESSAGE: DispositionCode.MESSAGE,
    Deed.PROMISE: DispositionCode.CALLBACK,
    Deed.RELAY: DispositionCode.URGENT_RELAYED,
    Deed.NOTHING: DispositionCode.INFORMATION,
}


class Desk:
    """Everybody who is signed in, and what each does in and beside her calls."""

    def __init__(self, stage: Stage, doctors: Doctors, script: dict[int, ScriptedCall]) -> None:
        self._stage = stage
        self._doctors = doctors
        self._script = script  # by call
        self._present: list[int] = []
        self._going: dict[int, Shift] = {}
        self._renewed_at = stage.now
        self._asked: set[int] = set()  # offers that somebody has heard ring
        self.watch = False  # somebody is silent, or lets a call ring: looked at second by second

    def open_shifts(self) -> None:
        """Everybody comes and goes at her hours."""
        for shift in self._stage.cast.shifts:
            self._stage.at(shift.begins_at, self._come, shift.staff_id)
            self._stage.at(shift.ends_at, self._leave, shift)

    def renew(self) -> None:
        """The browsers of those who are there say so, as they do every few seconds."""
        if (self._stage.now - self._renewed_at).total_seconds() < 12 or not self._present:
            return
        self._renewed_at = self._stage.now
        with self._stage.database.unit_of_work(SCOPE) as session:
            for staff_id in self._present:
                presence.heartbeat(session, staff_id, at=self._stage.now)

    def hear_offers(self) -> None:
        """What rings is heard, and answered some seconds later; rarely it is let ring."""
        with self._stage.database.reading(SCOPE) as session:
            pending = session.execute(
                select(Reservation.id, Reservation.staff_id).where(Reservation.status == ReservationStatus.PENDING)
            ).all()
        for offer_id, staff_id in pending:
            if offer_id in self._asked:
                continue
            self._asked.add(offer_id)
            if self._stage.chance.random() < _LETS_RING:
                self.watch = True
                self._stage.later(150, self._come, staff_id)
            else:
                self._stage.later(self._stage.chance.uniform(2, 6), self._answer, offer_id, staff_id)

    def work_off(self) -> None:
        """Whoever is free takes something that nobody has; now and then she gives it to a colleague."""
        with self._stage.database.reading(SCOPE) as session:
            free = session.scalars(
                select(Agent.staff_id).where(Agent.status == AgentStatus.AVAILABLE, Agent.staff_id.in_(self._present))
            ).all()
            kinds = (LoopKind.TASK, LoopKind.CALLBACK, LoopKind.MESSAGE)
            loops = open_loops(session, at=self._stage.now, kinds=kinds) if free else []
        nobodys = [one for one in loops if not one.owner.has_name]
        for staff_id, loop in zip(free, self._stage.chance.sample(nobodys, min(2, len(nobodys))), strict=False):
            self._take(loop, staff_id)

    def close_an_account(self) -> None:
        """The account of somebody who has gone home is closed, whatever she had."""
        gone = next(one for one in self._stage.cast.shifts if one.staff_id not in self._present)
        with self._stage.work("account closed") as session:
            staff: Staff = load_staff(session, gone.staff_id)
            change_staff(
                session,
                staff,
                name=staff.name,
                first_name=staff.first_name,
                role=staff.role,
                endpoint=staff.endpoint,
                is_active=False,
                at=self._stage.now,
                by=self._stage.cast.administrator,
            )

    def _come(self, staff_id: int) -> None:
        if staff_id in self._going:
            return
        if staff_id not in self._present:
            self._present.append(staff_id)
        with self._stage.work("available") as session:
            presence.set_available(session, staff_id, at=self._stage.now)

    def _leave(self, shift: Shift) -> None:
        self._going[shift.staff_id] = shift
        with self._stage.database.reading(SCOPE) as session:
            status = session.scalar(select(Agent.status).where(Agent.staff_id == shift.staff_id))
        if status not in {AgentStatus.ON_CALL, AgentStatus.WRAP_UP}:
            self._go(shift)

    def _go(self, shift: Shift) -> None:
        if shift.staff_id in self._present:
            self._present.remove(shift.staff_id)
        if shift.falls_silent:
            self.watch = True
            return
        with self._stage.work("signed out") as session:
            presence.go_offline(session, shift.staff_id, at=self._stage.now)

    def _answer(self, offer_id: int, staff_id: int) -> None:
        leg = None
        with self._stage.work("answered") as session:
            leg = accept_offer(session, offer_id, staff_id=staff_id, at=self._stage.now)
        if leg is not None:
            self._speak(leg, staff_id)

    def _speak(self, leg: Leg, staff_id: int) -> None:
        """Her telephone is rung and picked up; in a call of ours the patient's is then."""
        stage = self._stage
        self._dial(leg.id, LegNews.ANSWERED)
        with stage.database.reading(SCOPE) as session:
            call = session.scalars(select(Call).where(Call.id == leg.call_id)).one()
            patient = session.scalar(select(Leg).where(Leg.call_id == call.id, Leg.role == LegRole.PATIENT))
        if call.direction == CallDirection.INBOUND:
            scripted = self._script[call.id]
            stage.diary.answered.add(scripted.sid)
            talk = scripted.talk.total_seconds()
            stage.later(talk / 3, self._do, call.id, staff_id, scripted)
            stage.later(talk, self._hang_up, call.id, staff_id, scripted.deed)
            return
        is_there = stage.chance.random() < 0.6
        if patient is not None and patient.status == LegStatus.WANTED:
            self._dial(patient.id, LegNews.ANSWERED if is_there else LegNews.FAILED)
        stage.diary.acts["rung back" if is_there else "not reached"] += 1
        stage.later(60 if is_there else 5, self._hang_up, call.id, staff_id, Deed.NOTHING)

    def _dial(self, leg_id: int, news: LegNews) -> None:
        stage = self._stage
        dial_leg(stage.database, stage.carrier, leg_id, stage.clock, settings=stage.settings)
        with stage.database.unit_of_work(SCOPE) as session:
            leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            record_leg_event(session, leg, news, at=stage.now)

    def _do(self, call_id: int, staff_id: int, scripted: ScriptedCall) -> None:
        match scripted.deed:
            case Deed.MESSAGE:
                self._write(call_id, staff_id, scripted)
            case Deed.PROMISE:
                self._promise(call_id, staff_id)
            case Deed.RELAY:
                self._relay(call_id, staff_id, scripted)

    def _write(self, call_id: int, staff_id: int, scripted: ScriptedCall) -> None:
        stage = self._stage
        house = stage.cast.houses[scripted.practice]
        typed = TypedForm(
            request_key=f"message-{scripted.nth}",
            whom=ON_CALL if scripted.doctor is None else str(house.doctors[scripted.doctor].id),
            words=f"Rappeler, appel {scripted.nth}.",
            urgency=scripted.urgency,
            number=scripted.number or "+33639989000",
            read_back=True,
        )
        with stage.work(f"message {scripted.urgency.value}") as session:
            message_id = write_in_call(
                session, call_id, typed, yes_and_no={}, staff_id=staff_id, at=stage.now
            ).message_id
            stage.diary.messages[message_id] = typed.words
        if stage.chance.random() < 0.01:
            stage.later(30, self._withdraw, message_id, staff_id)
        self._doctors.expect(message_id, scripted)

    def _withdraw(self, message_id: int, staff_id: int) -> None:
        with self._stage.work("withdrawn") as session:
            withdraw_message(session, message_id, staff_id=staff_id, at=self._stage.now)

    def _promise(self, call_id: int, staff_id: int) -> None:
        stage = self._stage
        keeps_it = stage.chance.random() < 0.5
        hour = stage.now.astimezone(stage.settings.centre_zone).hour
        by = "demain" if hour >= 17 or stage.chance.random() < 0.3 else f"{hour + stage.chance.randint(1, 3)}h"
        with stage.work("promise") as session:
            task_id = promise(
                session,
                call_id,
                words="Rappeler avec le résultat.",
                by=by,
                number="",
                request_key=f"promise-{call_id}",
                keeps_it=keeps_it,
                staff_id=staff_id,
                at=stage.now,
            ).id
            stage.diary.promises.add(task_id)
        if keeps_it:
            self._see_to(task_id, staff_id)

    def _relay(self, call_id: int, staff_id: int, scripted: ScriptedCall) -> None:
        stage = self._stage
        leg_id = None
        with stage.work("relay") as session:
            open_relay(session, call_id, staff_id=staff_id, at=stage.now)
            save_place(session, call_id, caller="", address="1 rue", detail="", callback="", staff_id=staff_id)
            note_read_back(session, call_id, staff_id=staff_id, at=stage.now)
            leg_id = dial_emergency(session, call_id, staff_id=staff_id, at=stage.now).id
            stage.diary.relays.add(call_id)
        if leg_id is not None:
            self._dial(leg_id, LegNews.ANSWERED)
            stage.later(scripted.talk.total_seconds() / 2, self._taken_over, call_id, staff_id)

    def _taken_over(self, call_id: int, staff_id: int) -> None:
        with self._stage.work("taken over") as session:
            note_taken_over(session, call_id, staff_id=staff_id, at=self._stage.now)

    def _hang_up(self, call_id: int, staff_id: int, deed: Deed) -> None:
        """Everybody hangs up; some seconds later she says how it ended."""
        with self._stage.database.unit_of_work(SCOPE) as session:
            open_legs = (LegStatus.JOINED, LegStatus.DIALLING, LegStatus.RINGING)
            legs = session.scalars(
                select(Leg).where(Leg.call_id == call_id, Leg.status.in_(open_legs)).order_by(Leg.role.desc(), Leg.id)
            ).all()
            for leg in legs:
                record_leg_event(session, leg, LegNews.HUNG_UP, at=self._stage.now)
        self._stage.later(self._stage.chance.uniform(4, 15), self._wrap_up, call_id, staff_id, deed)

    def _wrap_up(self, call_id: int, staff_id: int, deed: Deed) -> None:
        with self._stage.work("wrapped up") as session:
            choose_disposition(session, call_id, staff_id=staff_id, code=_CODES[deed], at=self._stage.now)
        if staff_id in self._going:
            self._go(self._going[staff_id])

    def _take(self, loop: Loop, staff_id: int) -> None:
        stage = self._stage
        if loop.kind is LoopKind.CALLBACK:
            leg = None
            with stage.work("call-back taken") as session:
                leg = take_callback(session, loop.ref_id, staff_id=staff_id, at=stage.now)
            if leg is not None:
                self._speak(leg, staff_id)
            return
        others: Sequence[int] = [one for one in self._present if one != staff_id]
        if others and stage.chance.random() < 0.2:
            with stage.work("given") as session:
                to = str(stage.chance.choice(others))
                give_loop(session, loop.kind, loop.ref_id, seen=loop.owner.key, to=to, staff_id=staff_id, at=stage.now)
            return
        with stage.work("taken") as session:
            take_loop(session, loop.kind, loop.ref_id, seen=loop.owner.key, staff_id=staff_id, at=stage.now)
        if loop.kind is LoopKind.TASK:
            self._see_to(loop.ref_id, staff_id)

    def _see_to(self, task_id: int, staff_id: int) -> None:
        """Most are done, some given back, some left until she has gone."""
        chance = self._stage.chance.random()
        if chance < 0.7:
            self._stage.later(self._stage.chance.uniform(60, 5400), self._finish, task_id, staff_id)
        elif chance < 0.85:
            self._stage.later(900, self._give_back, task_id, staff_id)

    def _finish(self, task_id: int, staff_id: int) -> None:
        with self._stage.work("task done") as session:
            finish_task(session, task_id, staff_id=staff_id, at=self._stage.now)

    def _give_back(self, task_id: int, staff_id: int) -> None:
        with self._stage.work("task given back") as session:
            give_back(session, task_id, staff_id=staff_id, at=self._stage.now)

"""The doctors of the day, as the script says: they take a message, answer it, are done with it, or never look."""

from datetime import datetime

from sqlalchemy import select

from callcenter.directory.models import Practitioner
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.in_hand import settle_in_hand, take_in_hand, untaken_messages
from callcenter.dispatch.models import AcknowledgementKind, AnswerKind, Channel, Message, Notice, Urgency
from callcenter.dispatch.swaps import agree_to_swap, propose_swap, swappable_stretches
from callcenter.drills.dispatch_day_script import SWAPS, TURN_CHANGES, Fate, ScriptedCall
from callcenter.drills.dispatch_day_stage import SCOPE, Stage
from callcenter.messaging.notices import take_by_telephone
from callcenter.routing.models import Callback, CallbackStatus
from callcenter.routing.unreached import settle_unreached, try_again
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews

_WITHIN = {Urgency.URGENT: 14, Urgency.TODAY: 180, Urgency.ROUTINE: 420}  # minutes, until they look
_KINDS = {
    Fate.READ: AcknowledgementKind.READ,
    Fate.TAKEN: AcknowledgementKind.TAKEN,
    Fate.DONE: AcknowledgementKind.TAKEN,
}


class Doctors:
    """Everybody to whom messages go, and the supervisor, to whom they come when nobody takes them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rung: set[int] = set()  # telephones that have been heard ring
        self._in_hand: set[int] = set()

    def expect(self, message_id: int, scripted: ScriptedCall) -> None:
        """A message was written; somebody looks at it by and by, or never does."""
        if scripted.fate is not Fate.NEVER:
            minutes = self._stage.chance.uniform(1, _WITHIN[scripted.urgency])
            self._stage.later(minutes * 60, self._look, message_id, scripted.fate)

    def swap_turns(self) -> None:
        """The second doctor gives today's turn to the third for tomorrow's; the third agrees."""
        stage = self._stage
        house = stage.cast.houses[SWAPS]
        giver, taker = house.doctors[1], house.doctors[2]
        with stage.work("swap") as session:
            stretches = swappable_stretches(session, house.id, at=stage.now)
            given = next(one for one in stretches if one.practitioner_id == giver.id)
            returned = next(one for one in stretches if one.practitioner_id == taker.id)
            if given.starts_at != TURN_CHANGES or giver.staff_id is None or taker.staff_id is None:
                raise RuntimeError("the roster of the drill is not the one that it swaps")
            swap = propose_swap(
                session,
                session.get_one(Practitioner, giver.id),
                given_starts_at=given.starts_at,
                returned_starts_at=returned.starts_at,
                at=stage.now,
                staff_id=giver.staff_id,
            )
            agree_to_swap(session, house.id, swap.id, at=stage.now, staff_id=taker.staff_id)

    def hear_telephones(self) -> None:
        """Telephones that ring about messages: a key is pressed, or nobody is there."""
        stage = self._stage
        with stage.database.reading(SCOPE) as session:
            ringing = session.scalars(
                select(Leg.id).where(
                    Leg.role == LegRole.PRACTITIONER,
                    Leg.status.in_((LegStatus.DIALLING, LegStatus.RINGING)),
                    Leg.id.not_in(self._rung),
                )
            ).all()
        for leg_id in ringing:
            self._rung.add(leg_id)
            stage.later(8, self._pick_up, leg_id, stage.chance.random() < 0.4)

    def supervise(self, until: datetime, every: float) -> None:
        """The supervisor takes what has come to her, decides on who could not be reached, and goes home then."""
        stage = self._stage
        with stage.database.reading(SCOPE) as session:
            reached = [
                one.message_id
                for one in untaken_messages(session, at=stage.now)
                if one.reached_at is not None and one.message_id not in self._in_hand
            ]
            unreached = session.scalars(select(Callback.id).where(Callback.status == CallbackStatus.UNREACHED)).all()
        for message_id in reached[:3]:
            self._in_hand.add(message_id)
            with stage.work("in hand") as session:
                take_in_hand(session, message_id, staff_id=stage.cast.supervisor, at=stage.now)
            if stage.chance.random() < 0.7:
                stage.later(600, self._settle, message_id)
        for callback_id in unreached[:3]:
            with stage.work("unreached decided") as session:
                if stage.chance.random() < 0.5:
                    try_again(session, callback_id, staff_id=stage.cast.supervisor, at=stage.now)
                else:
                    settle_unreached(
                        session, callback_id, "Lettre envoyée.", staff_id=stage.cast.supervisor, at=stage.now
                    )
        if stage.now < until:
            stage.later(every, self.supervise, until, every)

    def _settle(self, message_id: int) -> None:
        with self._stage.work("settled by a supervisor") as session:
            settle_in_hand(
                session,
                message_id,
                "Confrère joint.",
                request_key=f"settled-{message_id}",
                staff_id=self._stage.cast.supervisor,
                at=self._stage.now,
            )

    def _look(self, message_id: int, fate: Fate) -> None:
        stage = self._stage
        by = self._reader(message_id)
        if by is None:
            stage.diary.acts["nobody was told"] += 1
            return
        if fate is Fate.ANSWERED:
            kind = stage.chance.choice(list(AnswerKind))
            with stage.work(f"answered {kind.value}") as session:
                answer_message(
                    session, message_id, kind, "Dire oui.", request_key=f"answer-{message_id}", by=by, at=stage.now
                )
            if kind is AnswerKind.I_CALL and stage.chance.random() < 0.6:
                stage.later(1800, self._acknowledge, message_id, AcknowledgementKind.DONE, by)
            return
        self._acknowledge(message_id, _KINDS[fate], by)
        if fate is Fate.DONE:
            stage.later(stage.chance.uniform(60, 3600), self._acknowledge, message_id, AcknowledgementKind.DONE, by)

    def _acknowledge(self, message_id: int, kind: AcknowledgementKind, by: Reader) -> None:
        with self._stage.work(f"message {kind.value}") as session:
            acknowledge(session, message_id, kind, by=by, at=self._stage.now)

    def _reader(self, message_id: int) -> Reader | None:
        """Its addressee, or whoever was told last."""
        told = select(Notice.practitioner_id).where(
            Notice.message_id == message_id, Notice.practitioner_id.is_not(None), Notice.told_at.is_not(None)
        )
        with self._stage.database.reading(SCOPE) as session:
            addressee = session.scalar(select(Message.practitioner_id).where(Message.id == message_id))
            whom = addressee or session.scalar(told.order_by(Notice.told_at.desc(), Notice.id.desc()).limit(1))
            if whom is None:
                return None
            staff_id = session.scalar(select(Practitioner.staff_id).where(Practitioner.id == whom))
        return Reader(Channel.APP if staff_id else Channel.SMS, practitioner_id=whom, staff_id=staff_id)

    def _pick_up(self, leg_id: int, takes: bool) -> None:
        stage = self._stage
        with stage.work("key pressed" if takes else "telephone not answered") as session:
            if takes and take_by_telephone(session, leg_id, public_url=stage.settings.public_url, at=stage.now):
                leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
                record_leg_event(session, leg, LegNews.TAKEN, at=stage.now)
                record_leg_event(session, leg, LegNews.COMPLETED, at=stage.now)
                return
            leg = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            record_leg_event(session, leg, LegNews.FAILED, at=stage.now)

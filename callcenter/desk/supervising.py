"""A supervisor beside an operator: she listens, is heard by her alone, or joins; each gesture in three steps.

The operator is shown it from the moment it is asked until it is over (``desk.supervision_view``). It is over when the
supervisor's telephone is out of the call: only then is it shown so (``desk.supervision_ends``).
"""

import logging
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound, ProviderError
from callcenter.core.i18n import N_, gettext
from callcenter.core.insertion import insert_new
from callcenter.core.scope import Practices
from callcenter.core.text import clean_line
from callcenter.desk.models import EmergencyRelay, Supervision
from callcenter.desk.supervising_rules import SupervisionMode, mode_at_carrier, refusal_in_emergency
from callcenter.desk.supervision_ends import OVER, note_supervision
from callcenter.routing.agents import was_changed
from callcenter.routing.ears import telephone_of
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.calls import conference_name
from callcenter.telephony.dialling import dial_leg, failure_of
from callcenter.telephony.leaving import take_out
from callcenter.telephony.legs import lock_call, record_leg_event, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.state import LegNews

log = logging.getLogger(__name__)
REASON_LIMIT = 200


class Supervising:
    """One supervisor's gestures beside operators."""

    def __init__(
        self,
        database: Database,
        provider: Provider,
        clock: Clock,
        *,
        settings: Settings,
        scope: Practices,
        supervisor_id: int,
    ) -> None:
        self._database = database
        self._provider = provider
        self._clock = clock
        self._settings = settings
        self._scope = scope
        self._supervisor_id = supervisor_id

    def begin(self, operator_id: int, mode: SupervisionMode, *, reason: str, is_confirmed: bool = False) -> None:
        """Have her telephone rung into this operator's call. Asked twice, it is the same.

        Raises ``Invalid`` without a reason or a telephone, ``NotFound`` when the operator is on no call, and
        ``Conflict`` when she supervises somebody else, works on a call, or was not reached.
        """
        why = clean_line(reason, limit=REASON_LIMIT)
        if not why:
            raise Invalid(N_("Say why: the operator reads it, and it is kept."), field="reason")
        with self._database.unit_of_work(self._scope) as session:
            leg_id = _begin(
                session,
                operator_id,
                mode,
                supervisor_id=self._supervisor_id,
                reason=why,
                is_confirmed=is_confirmed,
                at=self._clock.now(),
            )
        status = dial_leg(self._database, self._provider, leg_id, self._clock, settings=self._settings)
        if status is LegStatus.FAILED:
            failure = gettext(failure_of(self._database, leg_id)).rstrip(".")
            raise Conflict(N_("Your telephone could not be reached: %(why)s."), why=failure)

    def change(self, supervision_id: int, mode: SupervisionMode, *, is_confirmed: bool = False) -> None:
        """Listen, whisper or join from now on, on the same telephone. Said twice, it stays said.

        Raises ``NotFound`` when it is over, ``Conflict`` while her telephone is not in the call, in an emergency
        (``supervising_rules``), and when the carrier did not do it.
        """
        with self._database.reading(self._scope) as session:
            supervision, leg, call = self._mine(session, supervision_id)
            if leg.status != LegStatus.JOINED or leg.sid is None:
                raise Conflict(N_("Your telephone is not in the call yet."))
            before = true_mode(supervision, leg)
            if before is mode:
                return
            _refuse_in_emergency(session, call.id, mode, is_confirmed=is_confirmed)
            operator_leg = _telephone_in_call(session, call.id, supervision.operator_id)
            if mode is SupervisionMode.WHISPER and (operator_leg is None or operator_leg.sid is None):
                raise Conflict(N_("The operator's telephone is not in the call."))
            leg_id, sid, room = leg.id, leg.sid, conference_name(call.sid)
            coached = operator_leg.sid if operator_leg is not None else None
        # What she wants is kept before the carrier is told: a whisper that follows its operator at this moment
        # (``whispering``) reads it once more, and does not undo it.
        if not self._want(call.id, supervision_id, mode):
            return
        try:
            self._tell_carrier(room, sid, mode, coached, is_whispering=before is SupervisionMode.WHISPER)
        except ProviderError as error:
            log.warning("supervision %s was not changed: %s", supervision_id, error.code or error.reason)
            self._want(call.id, supervision_id, SupervisionMode(supervision.mode), instead_of=mode)
            raise Conflict(N_("The carrier did not answer: nothing has changed. Try again.")) from None
        with self._database.unit_of_work(self._scope) as session:
            lock_call(session, call.id)
            at = self._clock.now()
            wanted = select(Supervision.id).where(
                Supervision.id == supervision_id, Supervision.ended_at.is_(None), Supervision.mode == mode
            )
            if session.scalar(wanted) is None:
                return
            now = session.scalars(select(Leg).where(Leg.id == leg_id)).one()
            is_silent, is_whispering = mode is SupervisionMode.LISTEN, mode is SupervisionMode.WHISPER
            record_leg_event(session, now, LegNews.MUTED if is_silent else LegNews.UNMUTED, at=at)
            record_leg_event(session, now, LegNews.COACHING if is_whispering else LegNews.NOT_COACHING, at=at)
            if is_whispering and operator_leg is not None:
                now.coached_leg_id = operator_leg.id
            note_supervision(session, supervision, mode.value, staff_id=self._supervisor_id, at=at)

    def leave(self, supervision_id: int) -> None:
        """Her telephone alone is hung up. Left twice, she has left. Raises ``Conflict`` when the carrier did not."""
        with self._database.reading(self._scope) as session:
            found = session.scalar(
                select(Supervision).where(
                    Supervision.id == supervision_id, Supervision.supervisor_id == self._supervisor_id
                )
            )
            if found is None:
                raise NotFound(N_("There is nothing of yours to leave."))
            leg = session.scalars(select(Leg).where(Leg.id == found.leg_id)).one()
        if leg.status not in OVER:
            take_out(self._database, self._provider, leg.call_id, [leg], self._clock)

    def _want(
        self, call_id: int, supervision_id: int, mode: SupervisionMode, *, instead_of: SupervisionMode | None = None
    ) -> bool:
        """Keep how she wants to be in the call; whether she is still to be in it."""
        asked = update(Supervision).where(Supervision.id == supervision_id, Supervision.ended_at.is_(None))
        if instead_of is not None:
            asked = asked.where(Supervision.mode == instead_of)
        with self._database.unit_of_work(self._scope) as session:
            lock_call(session, call_id)
            return was_changed(session, asked.values(mode=mode))

    def _tell_carrier(
        self, room: str, sid: str, mode: SupervisionMode, coached: str | None, *, is_whispering: bool
    ) -> None:
        # In this order the patient never hears a word that is meant for the operator alone.
        match mode:
            case SupervisionMode.LISTEN:
                self._provider.set_muted(room, sid, True)
                if is_whispering:
                    self._provider.set_coached(room, sid, None)
            case SupervisionMode.WHISPER:
                self._provider.set_coached(room, sid, coached)
            case SupervisionMode.JOIN:
                if is_whispering:
                    self._provider.set_coached(room, sid, None)
                self._provider.set_muted(room, sid, False)

    def _mine(self, session: Session, supervision_id: int) -> tuple[Supervision, Leg, Call]:
        row = session.execute(
            select(Supervision, Leg, Call)
            .join(Leg, Leg.id == Supervision.leg_id)
            .join(Call, Call.id == Supervision.call_id)
            .where(
                Supervision.id == supervision_id,
                Supervision.supervisor_id == self._supervisor_id,
                Supervision.ended_at.is_(None),
            )
        ).one_or_none()
        if row is None:
            raise NotFound(N_("You are beside nobody any more: the call is over."))
        return row[0], row[1], row[2]


def _begin(
    session: Session,
    operator_id: int,
    mode: SupervisionMode,
    *,
    supervisor_id: int,
    reason: str,
    is_confirmed: bool,
    at: datetime,
) -> int:
    """The leg to dial once this is committed."""
    if operator_id == supervisor_id:
        raise Conflict(N_("Nobody supervises herself."))
    call_id = session.scalar(
        select(Agent.call_id).where(Agent.staff_id == operator_id, Agent.status == AgentStatus.ON_CALL)
    )
    if call_id is None or session.scalar(select(Call.id).where(Call.id == call_id)) is None:
        raise NotFound(N_("She is on no call any more."))
    call = lock_call(session, call_id)
    operator_leg = _telephone_in_call(session, call_id, operator_id)
    if call.status == CallStatus.ENDED or operator_leg is None:
        raise Conflict(N_("She is not in the conversation: try again in a moment."))
    _refuse_in_emergency(session, call_id, mode, is_confirmed=is_confirmed)
    _refuse_at_work(session, supervisor_id)
    telephone = telephone_of(session, supervisor_id)
    is_new = insert_new(
        session,
        Supervision,
        call_id=call_id,
        practice_id=call.practice_id,
        supervisor_id=supervisor_id,
        operator_id=operator_id,
        mode=mode,
        reason=reason,
        began_at=at,
    )
    supervision = session.scalars(
        select(Supervision).where(Supervision.supervisor_id == supervisor_id, Supervision.ended_at.is_(None))
    ).one_or_none()
    if supervision is None or (supervision.call_id, supervision.operator_id) != (call_id, operator_id):
        raise Conflict(N_("You are beside somebody else already: leave that call first."))
    if not is_new and supervision.leg_id is not None:
        return supervision.leg_id
    leg = want_leg(
        session,
        call,
        role=LegRole.SUPERVISOR,
        label=f"supervisor-{supervision.id}",
        address=telephone.address,
        asks_key=telephone.asks_key,
        staff_id=supervisor_id,
        starts_muted=mode is SupervisionMode.LISTEN,
        coached_leg_id=operator_leg.id if mode is SupervisionMode.WHISPER else None,
        at=at,
    )
    supervision.leg_id = leg.id
    note_supervision(session, supervision, mode.value, staff_id=supervisor_id, at=at)
    return leg.id


def refuse_beside_somebody(session: Session, staff_id: int) -> None:
    """Raise ``Conflict`` for whoever is beside an operator: a call of her own would ring the same telephone."""
    session.scalar(_agent_of(staff_id).with_for_update())  # nor does she begin at this moment
    beside = select(Supervision.id).where(Supervision.supervisor_id == staff_id, Supervision.ended_at.is_(None))
    if session.scalar(beside.limit(1)) is not None:
        raise Conflict(N_("You are beside an operator: leave her call first, then take calls."))


def _agent_of(staff_id: int) -> Select[AgentStatus]:
    return select(Agent.status).where(Agent.staff_id == staff_id)


def _refuse_at_work(session: Session, supervisor_id: int) -> None:
    status = session.scalar(_agent_of(supervisor_id).with_for_update())
    if status in {AgentStatus.ON_CALL, AgentStatus.WRAP_UP, AgentStatus.RESERVED}:
        raise Conflict(N_("You have a call of your own at your desk: finish it first."))
    if status == AgentStatus.AVAILABLE:
        raise Conflict(N_("You take calls at your desk: pause there first."))


def _refuse_in_emergency(session: Session, call_id: int, mode: SupervisionMode, *, is_confirmed: bool) -> None:
    if is_in_emergency(session, call_id) and (why := refusal_in_emergency(mode, is_confirmed=is_confirmed)):
        raise Conflict(why)


def is_in_emergency(session: Session, call_id: int) -> bool:
    """Whether a relay is open in this call, or the emergency line is in it."""
    relay = select(EmergencyRelay.call_id).where(
        EmergencyRelay.call_id == call_id, EmergencyRelay.taken_over_at.is_(None)
    )
    line = select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status.not_in(OVER))
    return session.scalar(relay) is not None or session.scalar(line.limit(1)) is not None


def _telephone_in_call(session: Session, call_id: int, operator_id: int) -> Leg | None:
    found = select(Leg).where(
        Leg.call_id == call_id,
        Leg.role == LegRole.OPERATOR,
        Leg.staff_id == operator_id,
        Leg.status == LegStatus.JOINED,
    )
    return session.scalars(found.order_by(Leg.id.desc()).limit(1)).one_or_none()


def true_mode(supervision: Supervision, leg: Leg) -> SupervisionMode:
    """How she is in the call, whatever was asked."""
    return mode_at_carrier(
        SupervisionMode(supervision.mode), was_told=leg.mute_mark > 0, muted=leg.muted, coaching=leg.coaching
    )

"""Putting a patient through: who may, when; each gesture commits, tells the carrier outside, and records.

Warm: the patient hears music while the operator speaks with whoever she asked in, then all three speak, then she
leaves the two. Cold: she leaves at once, and the patient hears music until somebody is there.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.company import Company, read_company
from callcenter.desk.handling import handled_call, is_on
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.transfer_targets import read_colleague, read_outsider
from callcenter.directory.models import Practice
from callcenter.routing.returning import give_back
from callcenter.routing.transferring import offer_transfer, take_back_transfer, transfers_of
from callcenter.telephony.dialling import dial_leg, failure_of
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.leaving import leave_at_once, leave_together, take_out
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.provider import Provider
from callcenter.telephony.transferring import THIRD, Outsider, thirds_of, want_outsider

log = logging.getLogger(__name__)
_OVER = (LegStatus.LEFT, LegStatus.FAILED)


class Transfers:
    """One operator's gestures on her call with a third person."""

    def __init__(
        self,
        database: Database,
        provider: Provider,
        clock: Clock,
        *,
        settings: Settings,
        scope: Practices,
        call_id: int,
        staff_id: int,
    ) -> None:
        self._database = database
        self._provider = provider
        self._clock = clock
        self._settings = settings
        self._scope = scope
        self._call_id = call_id
        self._staff_id = staff_id

    def ask_in(self, chosen: str, *, typed: str, note: str, nth: int, leaves: bool) -> None:
        """Have somebody rung into the call; ``leaves``: she goes at once (cold).

        ``nth`` counts those asked into this call: a repeat of the same request finds its number given, and changes
        nothing. Raises ``Invalid``, ``NotFound`` and ``Conflict`` with what to do instead: she has the patient then.
        """
        with self._database.reading(self._scope) as session:
            call = self._may(session)
            if self._is_repeat(session, nth):
                return
            practice = session.get_one(Practice, call.practice_id)
            at = self._clock.now()
            colleague = read_colleague(session, practice, chosen, staff_id=self._staff_id, at=at)
            outsider = (
                read_outsider(session, call, practice, chosen, typed=typed, countries=self._settings.countries)
                if colleague is None
                else None
            )
        if not leaves:
            self._hold(True)
        try:
            if outsider is not None:
                # A switchboard presses no key; a doctor does, and his voicemail does not.
                blind = leaves and outsider.role == LegRole.PRACTITIONER
                self._ring(replace(outsider, asks_key=blind), nth)
            elif colleague is not None:
                self._offer(colleague, note, nth)
        except Exception:
            # Whatever went wrong: nobody comes, and she is not left with the music.
            if not leaves:
                with suppress(Conflict):  # the sweep lifts it, should the carrier not
                    self._hold(False)
            raise
        if leaves:
            self._leave()

    def join_all(self) -> None:
        """All three speak. Raises ``Conflict`` while nobody else is on the line."""
        with self._database.reading(self._scope) as session:
            self._may(session)
            if not self._company(session).third_is_in:
                raise Conflict(N_("Nobody else is on the line yet."))
        self._hold(False)

    def pass_on(self) -> None:
        """She leaves the two others in conversation. Passed on twice, it is passed on."""
        with self._database.reading(self._scope) as session:
            handled_call(session, self._call_id, staff_id=self._staff_id)
            if not is_on(session, self._call_id, staff_id=self._staff_id):
                return
            self._may(session)
        leave_together(
            self._database, self._provider, self._call_id, self._clock, staff_id=self._staff_id, then=self._let_go
        )

    def send_away(self) -> None:
        """Whoever was asked in is hung up, or rings no more, and the patient is taken back; nobody there, nothing."""
        with self._database.reading(self._scope) as session:
            handled_call(session, self._call_id, staff_id=self._staff_id)
            if not is_on(session, self._call_id, staff_id=self._staff_id):
                return
            company = self._company(session)
            if company.is_guest:
                raise Conflict(N_("Your colleague leads this call: you can only leave it."))
            legs = [leg for leg in self._others(session) if leg.status not in _OVER]
        with self._database.unit_of_work(self._scope) as session:
            take_back_transfer(session, self._call_id, from_staff_id=self._staff_id, at=self._clock.now())
        if legs:
            take_out(self._database, self._provider, self._call_id, legs, self._clock, then=partial(self._free, legs))
        self._hold(False)

    def leave_as_guest(self) -> bool:
        """She leaves a call into which a colleague asked her and who is there; whether it is so."""
        with self._database.reading(self._scope) as session:
            handled_call(session, self._call_id, staff_id=self._staff_id)
            if not self._company(session).is_guest:
                return False
        self._leave_at_once()
        return True

    def _ring(self, outsider: Outsider, nth: int) -> None:
        with self._database.unit_of_work(self._scope) as session:
            call = self._may(session)
            lock_call(session, call.id)
            if self._is_repeat(session, nth):
                return  # the same request came twice at once
            leg_id = want_outsider(session, call, outsider, staff_id=self._staff_id, at=self._clock.now()).id
        status = dial_leg(self._database, self._provider, leg_id, self._clock, settings=self._settings)
        if status is LegStatus.FAILED:
            why = gettext(failure_of(self._database, leg_id)).rstrip(".")
            raise Conflict(
                N_("%(name)s could not be called: %(why)s. The patient is with you."), name=outsider.name, why=why
            )

    def _offer(self, colleague: int, note: str, nth: int) -> None:
        with self._database.unit_of_work(self._scope) as session:
            call = self._may(session)
            lock_call(session, call.id)
            if self._is_repeat(session, nth):
                return
            if any(leg.status not in _OVER for leg in thirds_of(session, call.id)):
                raise Conflict(N_("Somebody is in this call already: one at a time."))
            offer_transfer(
                session,
                call.id,
                to_staff_id=colleague,
                from_staff_id=self._staff_id,
                note=note,
                at=self._clock.now(),
            )

    def _leave(self) -> None:
        # The room itself gives music to whoever is alone; on hold she would go on hearing it when somebody comes.
        with suppress(Conflict):
            self._hold(False)
        self._leave_at_once()

    def _leave_at_once(self) -> None:
        leave_at_once(
            self._database, self._provider, self._call_id, self._clock, staff_id=self._staff_id, then=self._let_go
        )

    def _free(self, legs: Sequence[Leg], session: Session) -> None:
        # A colleague who was in does not come back by herself: she was sent away.
        for leg in legs:
            if leg.role == LegRole.OPERATOR and leg.staff_id is not None:
                give_back(session, self._call_id, staff_id=leg.staff_id, at=self._clock.now())

    def _let_go(self, session: Session) -> None:
        # She left of her own will: nobody waits half a minute for her.
        give_back(session, self._call_id, staff_id=self._staff_id, at=self._clock.now())

    def _hold(self, on_hold: bool) -> None:
        hold_patient(self._database, self._provider, self._call_id, self._clock, on_hold=on_hold)

    def _may(self, session: Session) -> Call:
        call = handled_call(session, self._call_id, staff_id=self._staff_id)
        if not is_on(session, self._call_id, staff_id=self._staff_id):
            raise Conflict(N_("You are not on this call any more."))
        refuse_in_emergency(session, self._call_id)
        return call

    def _is_repeat(self, session: Session, nth: int) -> bool:
        return nth <= len(thirds_of(session, self._call_id)) + transfers_of(session, self._call_id)

    def _company(self, session: Session) -> Company:
        legs = session.scalars(select(Leg).where(Leg.call_id == self._call_id).order_by(Leg.id)).all()
        return read_company(session, self._call_id, legs, staff_id=self._staff_id)

    def _others(self, session: Session) -> list[Leg]:
        legs = session.scalars(select(Leg).where(Leg.call_id == self._call_id).order_by(Leg.id)).all()
        return [
            leg
            for leg in legs
            if leg.role in THIRD or (leg.role == LegRole.OPERATOR and leg.staff_id != self._staff_id)
        ]


def refuse_in_emergency(session: Session, call_id: int) -> None:
    """Raise ``Conflict`` while a relay is open, or the emergency line is in the call."""
    relay = session.get(EmergencyRelay, call_id)
    line = select(Leg.id).where(Leg.call_id == call_id, Leg.role == LegRole.EMERGENCY, Leg.status.not_in(_OVER))
    if (relay is not None and relay.taken_over_at is None) or session.scalar(line.limit(1)) is not None:
        raise Conflict(N_("Never in an emergency: the patient stays with you and the regulator."))

"""Random histories of calls that are put through: a process that dies anywhere, a carrier that refuses, people who
hang up. Whatever happens, a patient who stays on the line is with somebody, or is the next to be answered."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from callcenter.core.db import Database
from callcenter.core.errors import Problem, ProviderError
from callcenter.core.scope import Practices
from callcenter.desk.transfers import Transfers
from callcenter.directory.models import Contact, Practice, Practitioner, Site
from callcenter.routing.models import Agent, AgentStatus, QueueEntry, Reservation, ReservationStatus
from callcenter.routing.offers import accept_offer, decline_offer, expire_offers
from callcenter.routing.returning import return_cut_off
from callcenter.routing.strays import hang_up_strays
from callcenter.routing.transferring import lift_holds_after_refusal
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, CallAlarm, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.muting import mute_operator
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds
from tests.fakes import FakeProvider
from tests.floor import ALL, CALL, Floor

DOCTOR, LABORATORY = "+33639980021", "+33199004301"


class Killed(Exception):
    """The process died while it was talking to the carrier."""


@dataclass
class ModelCarrier(FakeProvider):
    """Knows who is really on the line and on hold; may refuse, and the process may die before or after each act."""

    dice: random.Random = field(default_factory=random.Random)
    trouble: float = 0.0
    on_hold: bool = False
    over: set[str] = field(default_factory=set)  # by SID

    def __post_init__(self) -> None:
        super().__init__()

    def set_hold(self, conference: str, sid: str, on_hold: bool) -> None:
        self._before()
        self.on_hold = on_hold
        self._after()

    def hang_up(self, sid: str) -> None:
        self._before()
        self.over.add(sid)
        self._after()

    def dial_into_conference(self, **order: object) -> str:  # type: ignore[override]
        self._before()
        sid = super().dial_into_conference(**order)  # type: ignore[arg-type]
        self._after()
        return sid

    def _before(self) -> None:
        if self.dice.random() < self.trouble / 2:
            raise ProviderError("the carrier cannot be reached", permanent=False)
        if self.dice.random() < self.trouble:
            raise Killed

    def _after(self) -> None:
        if self.dice.random() < self.trouble:
            raise Killed


@dataclass
class History:
    """One call that Ines answers, played by a seed."""

    floor: Floor
    dice: random.Random
    carrier: ModelCarrier
    call_id: int
    hung_up: bool = False

    def play(self, moves: int) -> None:
        for _ in range(moves):
            act = self.dice.choice(self._acts())
            with contextlib.suppress(Problem, Killed):
                act()
            if self.dice.random() < 0.4:
                self._reports()
            if self.dice.random() < 0.4:
                self._tick()

    def settle(self) -> None:
        """Nobody does anything more, nothing fails any more: what rings is not answered, and the jobs go on."""
        self.carrier.trouble = 0.0
        for _ in range(4):
            self._reports()
            self._tick()
        for leg in self._legs(LegStatus.RINGING, LegStatus.DIALLING, LegStatus.WANTED):
            self.floor.hear(leg.id, LegNews.FAILED)
        self.floor.clock.advance(timedelta(seconds=60))
        for _ in range(4):
            self._tick()
            self._reports()

    def _acts(self) -> list[Callable[[], object]]:
        lea = self.floor.staff["Lea"]
        return [
            *(
                lambda chosen=chosen, leaves=leaves: self._ines().ask_in(
                    chosen, typed="", note="", nth=self.dice.randint(1, 4), leaves=leaves
                )
                for chosen in ("practitioner:1", "contact:1", f"colleague:{lea}")
                for leaves in (False, False, True)
            ),
            *[lambda: self._ines().join_all()] * 3,
            *[lambda: self._ines().pass_on()] * 3,
            lambda: self._ines().send_away(),
            lambda: self._hold(True),
            lambda: self._hold(False),
            lambda: self._mute(),
            *[self._somebody_answers] * 8,
            self._somebody_hangs_up,
            *[self._lea_takes_it] * 4,
            self._lea_declines,
            lambda: self.floor.clock.advance(timedelta(seconds=self.dice.choice((1, 5, 25)))),
            *([self._patient_hangs_up] if self.dice.random() < 0.1 else []),
        ]

    def _ines(self) -> Transfers:
        return Transfers(
            self.floor.database,
            self.carrier,
            self.floor.clock,
            settings=self.floor.settings,
            scope=Practices.of(1),
            call_id=self.call_id,
            staff_id=self.floor.staff["Ines"],
        )

    def _hold(self, on_hold: bool) -> None:
        hold_patient(self.floor.database, self.carrier, self.call_id, self.floor.clock, on_hold=on_hold)

    def _mute(self) -> None:
        muted, ines = self.dice.random() < 0.5, self.floor.staff["Ines"]
        mute_operator(self.floor.database, self.carrier, self.call_id, self.floor.clock, staff_id=ines, muted=muted)

    def _somebody_answers(self) -> None:
        ringing = [leg for leg in self._legs(LegStatus.DIALLING, LegStatus.RINGING) if leg.sid not in self.carrier.over]
        if ringing:
            leg = self.dice.choice(ringing)
            self.floor.hear(leg.id, LegNews.JOINED if self.dice.random() < 0.7 else LegNews.FAILED)

    def _somebody_hangs_up(self) -> None:
        there = [leg for leg in self._legs(LegStatus.JOINED) if leg.role != LegRole.PATIENT]
        if there:
            self.floor.hear(self.dice.choice(there).id, LegNews.COMPLETED)

    def _patient_hangs_up(self) -> None:
        self.hung_up = True
        self.floor.hear(self.floor.patient_leg(self.call_id), LegNews.HUNG_UP)

    def _lea_takes_it(self) -> None:
        offer = self._offer()
        if offer is None:
            return
        with self.floor.database.unit_of_work(ALL) as session:
            leg_id = accept_offer(session, offer, staff_id=self.floor.staff["Lea"], at=self.floor.now).id
        dial_leg(self.floor.database, self.carrier, leg_id, self.floor.clock, settings=self.floor.settings)

    def _lea_declines(self) -> None:
        offer = self._offer()
        if offer is not None:
            with self.floor.database.unit_of_work(ALL) as session:
                decline_offer(session, offer, staff_id=self.floor.staff["Lea"], at=self.floor.now)

    def _offer(self) -> int | None:
        with self.floor.database.reading(ALL) as session:
            pending = select(Reservation.id).where(
                Reservation.staff_id == self.floor.staff["Lea"], Reservation.status == ReservationStatus.PENDING
            )
            return session.scalar(pending)

    def _reports(self) -> None:
        """What the carrier did is heard of, also when whoever asked for it died."""
        sids = {str(one["label"]): str(one["sid"]) for one in self.carrier.dialled}
        for leg in self._legs(*LegStatus):
            sid = sids.get(leg.label)
            if leg.role == LegRole.PATIENT:
                if leg.status == LegStatus.JOINED and leg.on_hold != self.carrier.on_hold:
                    self.floor.hear(leg.id, LegNews.HELD if self.carrier.on_hold else LegNews.UNHELD)
            elif sid in self.carrier.over and leg.status not in {LegStatus.LEFT, LegStatus.FAILED}:
                self.floor.hear(leg.id, LegNews.COMPLETED if leg.joined_at else LegNews.FAILED)

    def _tick(self) -> None:
        floor, database, carrier, clock = self.floor, self.floor.database, self.carrier, self.floor.clock
        for work in (
            lambda: dial_forgotten_legs(database, carrier, clock, settings=floor.settings),
            lambda: lift_lonely_holds(database, carrier, clock),
            lambda: lift_holds_after_refusal(database, carrier, clock),
            lambda: hang_up_strays(database, carrier, clock),
            lambda: return_cut_off(database, clock),
            lambda: close_ended_calls(database, carrier, clock),
            self._expire,
        ):
            with contextlib.suppress(Killed):
                work()

    def _expire(self) -> None:
        with self.floor.database.unit_of_work(ALL) as session:
            expire_offers(session, at=self.floor.now)

    def _legs(self, *statuses: LegStatus) -> list[Leg]:
        with self.floor.database.reading(ALL) as session:
            found = select(Leg).where(Leg.call_id == self.call_id, Leg.status.in_(statuses)).order_by(Leg.id)
            return list(session.scalars(found))


@pytest.fixture
def town(database: Database) -> Floor:
    floor = Floor(database)
    with database.unit_of_work(ALL) as session:
        practice = session.scalars(select(Practice)).one()
        site = Site(practice_id=practice.id, code="lilas", name="Lilas")
        session.add(site)
        session.flush()
        session.add(
            Practitioner(
                practice_id=practice.id, code="rey", site_id=site.id, name="Dr Rey", family_name="Rey", phone=DOCTOR
            )
        )
        session.add(Contact(practice_id=practice.id, name="Laboratoire", number=LABORATORY))
    floor.hire("Ines", "Lea")
    return floor


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), moves=st.integers(3, 25), trouble=st.sampled_from([0.0, 0.15]))
def test_a_patient_is_never_lost_nor_left_alone_on_hold(town: Floor, seed: int, moves: int, trouble: float) -> None:
    history = begin(town, random.Random(seed), trouble)
    history.play(moves)
    history.settle()

    call, patient = town.call(history.call_id), history._legs(*LegStatus)[0]
    others = [leg for leg in history._legs(LegStatus.JOINED) if leg.role != LegRole.PATIENT]
    if history.hung_up:
        assert call.status == CallStatus.ENDED or {LegRole.OPERATOR, LegRole.PRACTITIONER} <= {
            LegRole(leg.role) for leg in others
        }
        assert call.status != CallStatus.ENDED or call.closed_at is not None  # nobody is left with music
        return
    assert patient.status == LegStatus.JOINED
    assert call.status in {CallStatus.WAITING, CallStatus.TALKING}
    assert patient.on_hold == history.carrier.on_hold
    if not others:
        assert not patient.on_hold  # the room's own music, which ends when somebody comes
        assert town.entry(history.call_id).status == "waiting"
    if patient.on_hold:  # by her operator's own wish: she sees it, and can take her back
        assert any(leg.role == LegRole.OPERATOR for leg in others)


def begin(floor: Floor, dice: random.Random, trouble: float) -> History:
    """The same floor again: a patient rings and Ines takes her."""
    with floor.database.unit_of_work(ALL) as session:
        for name, status in (("Lea", AgentStatus.BREAK), ("Ines", AgentStatus.AVAILABLE)):
            session.execute(
                update(Agent)
                .where(Agent.staff_id == floor.staff[name])
                .values(
                    status=status,
                    call_id=None,
                    missed_call=False,
                    status_since=floor.now,
                    lease_until=floor.now.replace(year=2030),
                )
            )
        for table in (Reservation, QueueEntry, CallAlarm, Leg, Call):
            session.execute(delete(table))
    floor.provider = carrier = ModelCarrier(dice=dice)
    call_id = floor.ring(CALL)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).where(Agent.staff_id == floor.staff["Lea"]).values(status=AgentStatus.AVAILABLE))
        for leg in session.scalars(select(Leg).where(Leg.label == "patient")):
            record_leg_event(session, leg, LegNews.JOINED, at=floor.now)
    carrier.trouble = trouble
    return History(floor, dice, carrier, call_id)

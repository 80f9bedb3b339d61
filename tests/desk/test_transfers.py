"""Somebody is asked into a call: whoever dies, drops or declines, the patient is with somebody or the next in line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound, Problem, ProviderError
from callcenter.core.scope import Practices
from callcenter.desk.card import CallCard, CardState
from callcenter.desk.card_reading import call_card
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.returned import Handed, read_handed
from callcenter.desk.transfer_targets import list_targets
from callcenter.desk.transfers import Transfers
from callcenter.directory.models import Contact, EmergencyLine, Practice, Practitioner, Site
from callcenter.routing.models import Agent, AgentStatus, QueueEntryStatus, Reservation, ReservationStatus
from callcenter.routing.offers import accept_offer, decline_offer, expire_offers
from callcenter.routing.returning import COMES_BACK_WITHIN, return_cut_off
from callcenter.routing.transferring import lift_holds_after_refusal
from callcenter.telephony.holding import hold_patient
from callcenter.telephony.leaving import hang_up_call
from callcenter.telephony.models import CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.muting import mute_operator
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds
from callcenter.telephony.transferring import Outsider, want_outsider
from tests.floor import ALL, CALL, PATIENT, Floor

DOCTOR, LABORATORY = "+33639980021", "+33199004301"
UNREACHABLE = ProviderError("the carrier cannot be reached", permanent=False)
ROOM = f"call-{CALL}"


@pytest.fixture
def floor(database: Database) -> Floor:
    """A practice whose doctor and laboratory can be reached; Ines and Lea are at their desks."""
    floor = Floor(database)
    with database.unit_of_work(ALL) as session:
        practice = session.scalars(select(Practice)).one()
        site = Site(practice_id=practice.id, code="lilas", name="Lilas")
        session.add(site)
        session.flush()
        session.add_all(
            [
                Practitioner(
                    practice_id=practice.id,
                    code="lemoine",
                    site_id=site.id,
                    name="Dr Lemoine",
                    family_name="Lemoine",
                    phone=DOCTOR,
                ),
                Practitioner(practice_id=practice.id, code="rey", site_id=site.id, name="Dr Rey", family_name="Rey"),
                Contact(practice_id=practice.id, name="Laboratoire Biolor", number=LABORATORY, digits="ww2"),
            ]
        )
    floor.hire("Ines", "Lea")
    return floor


@pytest.fixture
def call_id(floor: Floor) -> int:
    """Ines talks with a patient."""
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    return call_id


def test_a_doctor_is_consulted_while_the_patient_hears_music_then_all_speak_then_two(
    floor: Floor, call_id: int
) -> None:
    ines = gestures(floor, "Ines", call_id)
    ask_doctor(floor, call_id)
    assert state(floor, "Ines") is CardState.CONSULTING
    assert floor.provider.held == [(ROOM, CALL, True)]
    order = floor.provider.dialled[-1]
    assert (order["to"], order["label"], order["conference"]) == (DOCTOR, "practitioner-1", ROOM)
    with pytest.raises(Conflict):
        ines.join_all()
    floor.hear(leg(floor, "practitioner-1").id, LegNews.RANG, LegNews.JOINED)
    assert state(floor, "Ines") is CardState.CONSULTING
    with pytest.raises(Conflict, match="take her back"):
        ines.pass_on()

    ines.join_all()
    ines.join_all()
    assert state(floor, "Ines") is CardState.THREE_WAY
    assert floor.provider.held == [(ROOM, CALL, True), (ROOM, CALL, False)]

    ines.pass_on()
    ines.pass_on()
    assert floor.status_of("Ines") == AgentStatus.WRAP_UP
    assert floor.provider.hung_up == [leg(floor, "operator-1").sid]
    assert (floor.call(call_id).status, floor.entry(call_id).status) == (
        CallStatus.TALKING,
        QueueEntryStatus.ANSWERED,
    )


def test_whom_the_doctor_leaves_alone_is_the_next_to_be_answered(floor: Floor, call_id: int) -> None:
    pass_on_to_doctor(floor, call_id)
    floor.hear(leg(floor, "practitioner-1").id, LegNews.COMPLETED)
    entry = floor.entry(call_id)
    assert (entry.status, entry.priority_reason) == (QueueEntryStatus.WAITING, "returned")
    assert floor.status_of("Lea") == AgentStatus.RESERVED


def test_a_doctor_whom_the_patient_left_alone_is_hung_up_and_she_is_not_rung_back(floor: Floor, call_id: int) -> None:
    pass_on_to_doctor(floor, call_id)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert floor.call(call_id).status == CallStatus.ENDED
    close_ended_calls(floor.database, floor.provider, floor.clock)
    assert floor.provider.ended == [ROOM]
    assert floor.entry(call_id).status == QueueEntryStatus.ANSWERED


@pytest.mark.parametrize("news", [LegNews.FAILED, LegNews.GIVEN_UP])
def test_a_doctor_who_does_not_answer_gives_her_the_patient_back(floor: Floor, call_id: int, news: LegNews) -> None:
    ask_doctor(floor, call_id)
    floor.clock.advance(timedelta(seconds=20))
    floor.hear(leg(floor, "practitioner-1").id, news)
    sweep(floor)
    sweep(floor)
    assert floor.provider.held == [(ROOM, CALL, True), (ROOM, CALL, False)]
    assert state(floor, "Ines") is CardState.TALKING
    last = card(floor, "Ines").company.people[-1]
    assert (last.name, last.presence) == ("Dr Lemoine", "not_reached")
    # Held anew afterwards, she stays held.
    floor.clock.advance(timedelta(seconds=1))
    hold(floor, call_id)
    sweep(floor)
    assert leg(floor, "patient").on_hold


def test_a_refused_ring_leaves_the_patient_with_her_and_says_why(floor: Floor, call_id: int) -> None:
    floor.provider.refusing = UNREACHABLE
    with pytest.raises(Conflict):
        ask_doctor(floor, call_id)
    floor.provider.refusing = None
    assert floor.rows(Leg)["leg"][-1]["role"] == "operator"  # not even wanted: she could not be put on hold
    floor.settings = floor.settings.model_copy(update={"calls_per_hour": 0})
    with pytest.raises(Conflict, match="could not be called"):
        ask_doctor(floor, call_id)
    assert floor.provider.held == [(ROOM, CALL, True), (ROOM, CALL, False)]
    assert state(floor, "Ines") is CardState.TALKING


def test_the_same_request_twice_rings_once_and_nobody_else_meanwhile(floor: Floor, call_id: int) -> None:
    ask_doctor(floor, call_id)
    ask_doctor(floor, call_id)
    ask(floor, call_id, "Ines", laboratory(floor), nth=1)
    assert [one["label"] for one in floor.provider.dialled] == ["operator-1", "practitioner-1"]
    with pytest.raises(Conflict, match="one at a time"):
        ask(floor, call_id, "Ines", laboratory(floor), nth=2)
    assert [one["label"] for one in floor.provider.dialled] == ["operator-1", "practitioner-1"]


def test_cancelling_hangs_up_whoever_rings_and_takes_the_patient_back(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", laboratory(floor))
    assert floor.provider.dialled[-1]["digits"] == "ww2"
    gestures(floor, "Ines", call_id).send_away()
    gestures(floor, "Ines", call_id).send_away()
    assert floor.provider.hung_up == [leg(floor, "contact-1").sid]
    assert floor.provider.held == [(ROOM, CALL, True), (ROOM, CALL, False)]
    assert state(floor, "Ines") is CardState.TALKING


def test_put_through_blindly_the_patient_waits_in_her_room_and_is_never_held(floor: Floor, call_id: int) -> None:
    hold(floor, call_id)
    ask(floor, call_id, "Ines", laboratory(floor), leaves=True)
    assert not leg(floor, "patient").on_hold
    assert floor.status_of("Ines") == AgentStatus.WRAP_UP
    assert floor.entry(call_id).status == QueueEntryStatus.ANSWERED
    floor.hear(leg(floor, "contact-1").id, LegNews.JOINED)
    assert floor.call(call_id).status == CallStatus.TALKING
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert floor.call(call_id).status == CallStatus.ENDED


def test_put_through_blindly_and_not_answered_she_is_the_next_to_be_answered(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", laboratory(floor), leaves=True)
    floor.hear(leg(floor, "contact-1").id, LegNews.FAILED)
    entry = floor.entry(call_id)
    assert (entry.status, entry.priority_reason) == (QueueEntryStatus.WAITING, "returned")
    last = card(floor, "Lea").company.people[-1]
    assert (last.name, last.presence) == ("Laboratoire Biolor", "not_reached")
    # Who put her through is told whose fault it was not, and the wait counts from now.
    assert handed(floor, "Ines") == Handed(name="", asked="Laboratoire Biolor", was_cut=False)
    assert card(floor, "Lea").joined_at == floor.now == entry.returned_at


def test_a_doctor_who_is_rung_blindly_presses_a_key_first(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", doctor(floor), leaves=True)
    assert [one["to"] for one in floor.provider.rung] == [DOCTOR]
    assert leg(floor, "practitioner-1").status == LegStatus.DIALLING


def test_a_colleague_joins_and_has_the_call_once_it_is_passed_on(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"), note="  Elle a peur </Say><Dial> 👍 ")
    offer = the_offer(floor)
    assert (offer.rule, offer.from_staff_id) == ("transfer", floor.staff["Ines"])
    assert card(floor, "Lea").state is CardState.RINGING
    assert (card(floor, "Lea").company.passed_by, card(floor, "Lea").company.note) == (
        "Ines",
        "Elle a peur </Say><Dial> 👍",
    )
    own = floor.accept("Lea")
    floor.hear(own.id, LegNews.JOINED)
    assert {floor.status_of("Ines"), floor.status_of("Lea")} == {AgentStatus.ON_CALL}
    assert (floor.agent("Ines").call_id, floor.agent("Lea").call_id) == (call_id, call_id)
    assert state(floor, "Lea") is CardState.CONSULTING
    with pytest.raises(Conflict, match="leads"):
        gestures(floor, "Lea", call_id).send_away()
    gestures(floor, "Ines", call_id).join_all()
    gestures(floor, "Ines", call_id).pass_on()
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == (AgentStatus.WRAP_UP, AgentStatus.ON_CALL)
    assert state(floor, "Lea") is CardState.TALKING
    assert floor.entry(call_id).status == QueueEntryStatus.ANSWERED


def test_a_guest_leaves_alone_and_her_colleague_has_the_patient_back(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=5))
    assert gestures(floor, "Lea", call_id).leave_as_guest()
    assert not gestures(floor, "Ines", call_id).leave_as_guest()
    sweep(floor)
    assert floor.status_of("Lea") == AgentStatus.WRAP_UP
    assert state(floor, "Ines") is CardState.TALKING
    assert not leg(floor, "patient").on_hold


def test_a_colleague_who_declines_or_lets_it_ring_leaves_the_patient_with_her(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    floor.clock.advance(timedelta(seconds=3))
    with floor.database.unit_of_work(ALL) as session:
        decline_offer(session, the_offer(floor).id, staff_id=floor.staff["Lea"], at=floor.now)
    sweep(floor)
    assert (state(floor, "Ines"), floor.status_of("Lea")) == (CardState.TALKING, AgentStatus.AVAILABLE)

    ask(floor, call_id, "Ines", colleague(floor, "Lea"), nth=2)
    sweep(floor)
    assert leg(floor, "patient").on_hold
    floor.clock.advance(timedelta(seconds=21))
    with floor.database.unit_of_work(ALL) as session:
        expire_offers(session, at=floor.now)
    sweep(floor)
    assert state(floor, "Ines") is CardState.TALKING
    assert (floor.status_of("Lea"), floor.agent("Lea").missed_call) == (AgentStatus.BREAK, True)
    assert floor.entry(call_id).status == QueueEntryStatus.ANSWERED


def test_passed_blindly_to_a_colleague_it_rings_for_her_alone_then_for_everybody(floor: Floor, call_id: int) -> None:
    floor.hire("Nora")
    ask(floor, call_id, "Ines", colleague(floor, "Lea"), leaves=True)
    assert floor.status_of("Ines") == AgentStatus.WRAP_UP
    assert handed(floor, "Ines") is None  # it rings at Lea's
    assert floor.entry(call_id).status == QueueEntryStatus.WAITING
    assert (floor.status_of("Lea"), floor.status_of("Nora")) == (AgentStatus.RESERVED, AgentStatus.AVAILABLE)
    with floor.database.unit_of_work(ALL) as session:
        decline_offer(session, the_offer(floor).id, staff_id=floor.staff["Lea"], at=floor.now)
    assert floor.status_of("Nora") == AgentStatus.RESERVED
    assert handed(floor, "Ines") == Handed(name="", asked="Lea", was_cut=False)
    assert card(floor, "Nora").company.passed_by == "Ines"
    floor.accept("Nora")


def test_a_colleague_who_declined_long_ago_is_not_blamed_for_a_cut(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    with floor.database.unit_of_work(ALL) as session:
        decline_offer(session, the_offer(floor).id, staff_id=floor.staff["Lea"], at=floor.now)
    floor.clock.advance(timedelta(minutes=5))
    lose(floor, "Ines")
    assert handed(floor, "Ines") == Handed(name="", asked="", was_cut=True)


def test_a_colleague_who_was_in_and_left_has_nobody(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    own = floor.accept("Lea")
    floor.hear(own.id, LegNews.JOINED)
    floor.clock.advance(timedelta(minutes=1))
    floor.hear(own.id, LegNews.COMPLETED)
    floor.clock.advance(timedelta(minutes=5))
    lose(floor, "Ines")
    assert floor.entry(call_id).status == QueueEntryStatus.WAITING
    assert handed(floor, "Ines") == Handed(name="", asked="", was_cut=True)


def test_a_call_that_is_taken_back_or_over_does_not_ring_on(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", colleague(floor, "Lea"))
    offer = the_offer(floor)
    gestures(floor, "Ines", call_id).send_away()
    assert floor.status_of("Lea") == AgentStatus.AVAILABLE
    with pytest.raises(Conflict, match="taken this call back"):
        accept(floor, offer.id, "Lea")
    ask(floor, call_id, "Ines", colleague(floor, "Lea"), nth=2)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert floor.status_of("Lea") == AgentStatus.AVAILABLE
    with pytest.raises(Conflict):
        accept(floor, the_offer(floor, ReservationStatus.CANCELED).id, "Lea")


def test_an_operator_who_drops_while_she_consults_leaves_the_doctor_with_the_patient(
    floor: Floor, call_id: int
) -> None:
    ask_doctor(floor, call_id)
    floor.hear(leg(floor, "practitioner-1").id, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=2))
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    sweep(floor)
    assert not leg(floor, "patient").on_hold
    assert floor.call(call_id).status == CallStatus.TALKING


def test_an_operator_who_drops_while_it_rings_leaves_no_patient_on_hold(floor: Floor, call_id: int) -> None:
    ask_doctor(floor, call_id)
    floor.hear(leg(floor, "operator-1").id, LegNews.COMPLETED)
    sweep(floor)
    assert not leg(floor, "patient").on_hold


def test_a_process_that_dies_before_it_told_the_carrier_is_finished_by_the_sweep(floor: Floor, call_id: int) -> None:
    hold(floor, call_id)
    with floor.database.unit_of_work(Practices.of(1)) as session:
        call = floor.call(call_id)
        want_outsider(
            session,
            call,
            Outsider(LegRole.CONTACT, LABORATORY, "Laboratoire"),
            staff_id=floor.staff["Ines"],
            at=floor.now,
        )
    sweep(floor)
    assert leg(floor, "patient").on_hold  # she is being asked about, and her operator is there
    floor.clock.advance(timedelta(seconds=2))
    sweep(floor)
    assert floor.provider.dialled[-1]["label"] == "contact-1"


def test_nobody_is_asked_in_during_an_emergency_nor_from_another_desk(floor: Floor, call_id: int) -> None:
    with pytest.raises(NotFound):
        ask(floor, call_id, "Lea", laboratory(floor))
    with floor.database.unit_of_work(ALL) as session:
        session.add(
            EmergencyRelay(
                call_id=call_id,
                practice_id=1,
                staff_id=floor.staff["Ines"],
                number="+33261911544",
                label="15",
                opened_at=floor.now,
                address="",
                address_detail="",
            )
        )
    for leaves in (False, True):
        with pytest.raises(Conflict, match="emergency"):
            ask(floor, call_id, "Ines", laboratory(floor), leaves=leaves)
    assert len(floor.provider.dialled) == 1


@pytest.mark.parametrize("of", ["the centre", "another practice"])
def test_no_emergency_line_is_asked_in_whoever_keeps_it(floor: Floor, call_id: int, of: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(mode="live"))
        if of == "the centre":
            session.add(EmergencyLine(country="FR", department="44", label="SAMU 44", number="+33240083737"))
        else:
            other = Practice(code="tilleuls", name="Cabinet des Tilleuls", short_name="Tilleuls", created_at=floor.now)
            other.emergency_number = "+33240083737"
            session.add(other)
    for leaves in (False, True):
        with pytest.raises(Invalid, match="emergency line"):
            gestures(floor, "Ines", call_id).ask_in("number:", typed="02 40 08 37 37", note="", nth=1, leaves=leaves)
    assert (len(floor.provider.dialled), floor.provider.held) == (1, [])


@pytest.mark.parametrize(
    ("chosen", "typed", "refusal"),
    [
        ("number:", "08 92 68 32 46", Invalid),
        ("number:", "<Dial>", Invalid),
        ("number:", PATIENT, Invalid),
        ("", "", Invalid),
        ("contact:99", "", NotFound),
        ("practitioner:2", "", NotFound),  # Dr Rey has no telephone
        ("contact:99999999999999999999", "", Invalid),
        ("colleague:99", "", Conflict),
    ],
)
def test_whoever_cannot_be_called_is_refused_before_anything_changes(
    floor: Floor, call_id: int, chosen: str, typed: str, refusal: type[Problem]
) -> None:
    with pytest.raises(refusal):
        gestures(floor, "Ines", call_id).ask_in(chosen, typed=typed, note="", nth=1, leaves=False)
    assert floor.provider.held == []
    assert not leg(floor, "patient").on_hold


def test_the_last_one_called_comes_first_and_a_typed_number_is_called_by_its_digits(floor: Floor, call_id: int) -> None:
    assert names(floor, "Ines") == ["Dr Lemoine", "Laboratoire Biolor", "Lea"]
    ask(floor, call_id, "Ines", laboratory(floor))
    assert names(floor, "Ines") == ["Laboratoire Biolor", "Dr Lemoine", "Lea"]
    gestures(floor, "Ines", call_id).send_away()
    gestures(floor, "Ines", call_id).ask_in("number:", typed="01 99 00 43 77", note="", nth=2, leaves=False)
    assert floor.provider.dialled[-1]["to"] == "+33199004377"
    assert leg(floor, "contact-2").name == "01 99 00 43 77"


def test_mute_is_shown_once_the_carrier_did_it(floor: Floor, call_id: int) -> None:
    floor.provider.refusing = UNREACHABLE
    with pytest.raises(Conflict):
        mute(floor, call_id, muted=True)
    assert not card(floor, "Ines").company.is_muted
    floor.provider.refusing = None
    mute(floor, call_id, muted=True)
    mute(floor, call_id, muted=True)
    assert card(floor, "Ines").company.is_muted
    mute(floor, call_id, muted=False)
    assert floor.provider.muted == [
        (ROOM, leg(floor, "operator-1").sid, True),
        (ROOM, leg(floor, "operator-1").sid, False),
    ]
    hang_up_call(floor.database, floor.provider, call_id, floor.clock)
    with pytest.raises(Conflict):
        mute(floor, call_id, muted=True)


def gestures(floor: Floor, name: str, call_id: int) -> Transfers:
    return Transfers(
        floor.database,
        floor.provider,
        floor.clock,
        settings=floor.settings,
        scope=Practices.of(1),
        call_id=call_id,
        staff_id=floor.staff[name],
    )


def ask(
    floor: Floor, call_id: int, name: str, chosen: str, *, nth: int = 1, leaves: bool = False, note: str = ""
) -> None:
    gestures(floor, name, call_id).ask_in(chosen, typed="", note=note, nth=nth, leaves=leaves)


def ask_doctor(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Ines", doctor(floor))


def pass_on_to_doctor(floor: Floor, call_id: int) -> None:
    ask_doctor(floor, call_id)
    floor.hear(leg(floor, "practitioner-1").id, LegNews.JOINED)
    gestures(floor, "Ines", call_id).join_all()
    gestures(floor, "Ines", call_id).pass_on()


def doctor(floor: Floor) -> str:
    with floor.database.reading(ALL) as session:
        return f"practitioner:{session.scalars(select(Practitioner.id).where(Practitioner.phone == DOCTOR)).one()}"


def laboratory(floor: Floor) -> str:
    with floor.database.reading(ALL) as session:
        return f"contact:{session.scalars(select(Contact.id)).one()}"


def colleague(floor: Floor, name: str) -> str:
    return f"colleague:{floor.staff[name]}"


def names(floor: Floor, name: str) -> list[str]:
    with floor.database.reading(ALL) as session:
        return [one.name for one in list_targets(session, 1, staff_id=floor.staff[name], at=floor.now)]


def accept(floor: Floor, reservation_id: int, name: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        accept_offer(session, reservation_id, staff_id=floor.staff[name], at=floor.now)


def hold(floor: Floor, call_id: int) -> None:
    hold_patient(floor.database, floor.provider, call_id, floor.clock, on_hold=True)


def mute(floor: Floor, call_id: int, *, muted: bool) -> None:
    mute_operator(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"], muted=muted)


def sweep(floor: Floor) -> None:
    dial_forgotten_legs(floor.database, floor.provider, floor.clock, settings=floor.settings)
    lift_lonely_holds(floor.database, floor.provider, floor.clock)
    lift_holds_after_refusal(floor.database, floor.provider, floor.clock)
    close_ended_calls(floor.database, floor.provider, floor.clock)


def lose(floor: Floor, name: str) -> None:
    """Her telephone leaves, and she does not come back in time."""
    with floor.database.reading(ALL) as session:
        own = session.scalars(
            select(Leg).where(Leg.staff_id == floor.staff[name], Leg.role == LegRole.OPERATOR).order_by(Leg.id.desc())
        ).first()
    assert own is not None
    floor.hear(own.id, LegNews.COMPLETED)
    floor.clock.advance(COMES_BACK_WITHIN)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).values(lease_until=floor.now + timedelta(minutes=1)))
    return_cut_off(floor.database, floor.clock)


def handed(floor: Floor, name: str) -> Handed | None:
    with floor.database.reading(ALL) as session:
        return read_handed(session, session.get(Agent, floor.staff[name]))


def card(floor: Floor, name: str) -> CallCard:
    with floor.database.reading(ALL) as session:
        found = call_card(session, floor.staff[name], at=floor.now)
    assert found is not None
    return found


def state(floor: Floor, name: str) -> CardState:
    return card(floor, name).state


def leg(floor: Floor, label: str) -> Leg:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Leg).where(Leg.label == label)).one()


def the_offer(floor: Floor, status: ReservationStatus = ReservationStatus.PENDING) -> Reservation:
    with floor.database.reading(ALL) as session:
        found = select(Reservation).where(Reservation.status == status).order_by(Reservation.id.desc())
        return session.scalars(found).first()  # type: ignore[return-value]

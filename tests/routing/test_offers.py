"""Offers, answers, and who comes second."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import Invalid
from callcenter.routing import presence
from callcenter.routing.models import QueueEntry, Reservation, ReservationStatus
from callcenter.routing.offers import accept_offer, decline_offer, expire_offers, offer_waiting_calls
from callcenter.routing.returning import COMES_BACK_WITHIN, return_cut_off
from callcenter.routing.taking import CallTaken
from callcenter.telephony.models import Call, Leg
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor

SECOND = "CA" + "b" * 32


def offers(floor: Floor) -> list[tuple[int, str]]:
    return [(row["staff_id"], row["status"]) for row in floor.rows(Reservation)["reservation"]]


def keep_alive(floor: Floor, *names: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        for name in names:
            presence.heartbeat(session, floor.staff[name], at=floor.now)


def test_a_call_rings_for_whoever_is_free_longest(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    floor.ring()
    assert offers(floor) == [(floor.staff["Ines"], "pending")]
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("reserved", "available")


def test_an_operator_who_lets_it_ring_goes_on_a_break_and_the_next_is_asked(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    floor.ring()
    floor.clock.advance(timedelta(seconds=20))
    keep_alive(floor, "Ines", "Lea")
    with floor.database.unit_of_work(ALL) as session:
        assert expire_offers(session, at=floor.now) == 1
    assert offers(floor) == [(floor.staff["Ines"], "expired"), (floor.staff["Lea"], "pending")]
    agent = floor.agent("Ines")
    assert (agent.status, agent.missed_call) == ("break_", True)


def decline(floor: Floor, name: str) -> None:
    staff_id = floor.staff[name]
    with floor.database.unit_of_work(ALL) as session:
        offer = session.scalars(
            select(Reservation).where(Reservation.staff_id == staff_id, Reservation.status == "pending")
        ).one()
        decline_offer(session, offer.id, staff_id=staff_id, at=floor.now)
        decline_offer(session, offer.id, staff_id=staff_id, at=floor.now)


def offer_later(floor: Floor, seconds: float) -> int:
    """So many seconds pass, with every browser there; how many calls are offered then."""
    floor.clock.advance(timedelta(seconds=seconds))
    keep_alive(floor, *floor.staff)
    with floor.database.unit_of_work(ALL) as session:
        return offer_waiting_calls(session, at=floor.now)


def test_a_declined_call_goes_to_the_next_and_comes_back_only_when_nobody_else_is_free(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    decline(floor, "Ines")
    assert offers(floor) == [(floor.staff["Ines"], "declined"), (floor.staff["Lea"], "pending")]
    floor.clock.advance(timedelta(seconds=10))
    decline(floor, "Lea")
    assert offer_later(floor, 19) == 0
    assert (floor.status_of("Ines"), floor.status_of("Lea"), floor.entry(call_id).status) == (
        "available",
        "available",
        "waiting",
    )
    # Half a minute after she declined.
    assert offer_later(floor, 1) == 1
    assert offers(floor)[2:] == [(floor.staff["Ines"], "pending")]
    floor.hire("Maud")
    decline(floor, "Ines")
    assert offers(floor)[2:] == [(floor.staff["Ines"], "declined"), (floor.staff["Maud"], "pending")]


def test_an_operator_alone_is_not_rung_in_a_circle_and_an_emergency_comes_back_to_her_soon(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    decline(floor, "Ines")
    assert (offer_later(floor, 0), offer_later(floor, 4)) == (0, 0)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).values(urgent=True))
    assert offer_later(floor, 1) == 1
    decline(floor, "Ines")
    assert (offer_later(floor, 4), offer_later(floor, 1)) == (0, 1)
    assert floor.accept("Ines").call_id == call_id


def test_who_declined_before_a_colleague_took_her_is_asked_when_she_is_back(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    decline(floor, "Ines")
    leg = floor.accept("Lea")
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Call).values(in_emergency=True))
    floor.hear(leg.id, LegNews.JOINED, LegNews.LEFT)
    assert (floor.entry(call_id).status, floor.entry(call_id).urgent) == ("waiting", True)
    assert offers(floor)[2:] == [(floor.staff["Ines"], "pending")]


def test_an_operator_may_take_what_she_declined(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    decline(floor, "Ines")
    floor.pull("Ines", call_id)  # she may still change her mind
    assert floor.status_of("Ines") == "on_call"


def test_accepting_twice_is_accepting_once(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    first = floor.accept("Ines")
    with floor.database.unit_of_work(ALL) as session:
        offer = session.scalars(select(Reservation)).one()
        again = accept_offer(session, offer.id, staff_id=floor.staff["Ines"], at=floor.now)
        assert again.id == first.id
    assert len(floor.provider.dialled) == 1


def test_who_comes_back_from_a_break_is_offered_the_caller_who_still_waits(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    with floor.database.unit_of_work(ALL) as session:
        presence.take_break(session, floor.staff["Ines"], at=floor.now)
    assert floor.status_of("Ines") == "break_"
    with floor.database.unit_of_work(ALL) as session:
        presence.set_available(session, floor.staff["Ines"], at=floor.now)
        offered = session.scalars(select(Reservation).where(Reservation.status == "pending")).one()
        assert (offered.call_id, offered.staff_id) == (call_id, floor.staff["Ines"])


def test_a_colleague_may_pull_what_rings_elsewhere(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id, waiting = floor.ring(), floor.ring(SECOND)
    with floor.database.unit_of_work(ALL) as session:
        hers = session.scalars(select(Reservation).where(Reservation.staff_id == floor.staff["Lea"])).one()
        decline_offer(session, hers.id, staff_id=floor.staff["Lea"], at=floor.now)  # the second call waits alone
    floor.pull("Lea", call_id)
    assert floor.status_of("Lea") == "on_call"
    # Ines is free again, and at the next tick the waiting call rings for her.
    assert floor.status_of("Ines") == "available"
    with floor.database.unit_of_work(ALL) as session:
        offer_waiting_calls(session, at=floor.now)
    assert floor.status_of("Ines") == "reserved"
    with floor.database.unit_of_work(ALL) as session:
        lost = session.scalars(select(Reservation).where(Reservation.status == ReservationStatus.CANCELED)).one()
        with pytest.raises(CallTaken):
            accept_offer(session, lost.id, staff_id=floor.staff["Ines"], at=floor.now)
    with floor.database.reading(ALL) as session:
        own = [leg.staff_id for leg in session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id))]
    assert own == [None, floor.staff["Lea"]]
    assert floor.entry(waiting).status == "waiting"


def test_whoever_comes_second_reads_who_was_first_and_what_is_next(floor: Floor) -> None:
    floor.hire("Ines", "Lea", "Maud")
    call_id, waiting = floor.ring(), floor.ring(SECOND)
    floor.accept("Ines")
    with pytest.raises(CallTaken) as told:
        floor.pull("Maud", call_id)
    assert str(told.value) == "Ines has just taken this call."
    assert told.value.next_entry_id == floor.entry(waiting).id


def test_without_a_telephone_nothing_is_taken(floor: Floor) -> None:
    floor.hire("Ines", endpoint="")
    call_id = floor.ring()
    with pytest.raises(Invalid):
        floor.accept("Ines")
    assert (floor.status_of("Ines"), floor.entry(call_id).status) == ("reserved", "waiting")


def test_a_patient_who_leaves_frees_whoever_was_asked(floor: Floor) -> None:
    floor.hire("Ines")
    call_id, waiting = floor.ring(), floor.ring(SECOND)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert floor.entry(call_id).status == "abandoned"
    assert offers(floor) == [(floor.staff["Ines"], "canceled"), (floor.staff["Ines"], "pending")]
    assert floor.entry(waiting).status == "waiting"


def test_whoever_was_asked_in_vain_keeps_her_turn_among_the_free(floor: Floor) -> None:
    floor.hire("Ines")
    floor.clock.advance(timedelta(seconds=10))
    floor.hire("Lea")
    since = floor.agent("Ines").status_since
    gone = floor.ring()
    assert floor.status_of("Ines") == "reserved"
    floor.clock.advance(timedelta(seconds=1))
    floor.hear(floor.patient_leg(gone), LegNews.HUNG_UP)
    assert (floor.status_of("Ines"), floor.agent("Ines").status_since) == ("available", since)
    floor.ring(SECOND)
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("reserved", "available")
    # Who declines is asked after the others.
    decline(floor, "Ines")
    assert floor.agent("Ines").status_since == floor.now


def test_a_patient_whose_operator_is_cut_off_is_the_next_to_be_answered(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    leg = floor.accept("Ines")
    floor.hear(leg.id, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=5))
    later = floor.ring(SECOND)
    floor.hear(leg.id, LegNews.LEFT)
    assert floor.status_of("Ines") == "on_call"  # she may come back
    floor.clock.advance(COMES_BACK_WITHIN)
    return_cut_off(floor.database, floor.clock)
    assert floor.status_of("Ines") == "offline"  # her page was silent as well
    floor.hire("Lea")
    assert floor.accept("Lea").call_id == call_id
    assert floor.entry(later).status == "waiting"

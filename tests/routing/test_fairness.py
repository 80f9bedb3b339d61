"""A practice that is flooded with calls does not slow the others, on both databases."""

from datetime import timedelta

from callcenter.directory.models import Practice, PracticeLine
from callcenter.routing.arrival import admit_call, receive_call
from callcenter.routing.models import Reservation
from callcenter.routing.offers import decline_offer
from callcenter.routing.returning import COMES_BACK_WITHIN, return_cut_off
from callcenter.telephony.models import CallHandling
from callcenter.telephony.state import LegNews
from tests.floor import ALL, LINE, MONDAY, PATIENT, Floor

QUIET_LINE = "+33199005678"


def add_quiet_practice(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        quiet = Practice(code="ormes", name="Cabinet des Ormes", short_name="Ormes", created_at=MONDAY, mode="training")
        session.add(quiet)
        session.flush()
        session.add(PracticeLine(practice_id=quiet.id, number=QUIET_LINE, label="Accueil"))


def ring(floor: Floor, number: int, *, line: str = LINE, handling: CallHandling = CallHandling.QUEUE) -> int:
    floor.clock.advance(timedelta(milliseconds=10))
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(
            session, sid=f"CA{number:032x}", to_number=line, from_number=PATIENT, at=floor.now, handling=handling
        )
        assert call is not None
        return call.call_id


def offered(floor: Floor) -> list[int]:
    return [row["call_id"] for row in floor.rows(Reservation)["reservation"]]


def decline(floor: Floor, name: str) -> None:
    staff_id = floor.staff[name]
    [offer] = [row["id"] for row in floor.rows(Reservation)["reservation"] if row["status"] == "pending"]
    with floor.database.unit_of_work(ALL) as session:
        decline_offer(session, offer, staff_id=staff_id, at=floor.now)


def test_the_quiet_practices_caller_is_not_behind_a_hundred_and_twenty_of_another(floor: Floor) -> None:
    add_quiet_practice(floor)
    flood = [ring(floor, number) for number in range(120)]
    quiet = ring(floor, 500, line=QUIET_LINE)
    assert floor.entry(flood[7]).ahead == 7
    # One after the other becomes free, as on a real floor: the flood's first must not always stand at the head again.
    for number in range(7):
        floor.hire(f"Ines{number}")
    assert offered(floor) == [*flood[:5], quiet, flood[5]]


def test_whose_operator_was_cut_off_is_behind_no_later_caller(floor: Floor) -> None:
    flood = [ring(floor, number) for number in range(8)]
    floor.hire("Ines")
    for _ in range(6):
        decline(floor, "Ines")
    leg = floor.accept("Ines")
    assert leg.call_id == flood[6]
    floor.hear(leg.id, LegNews.JOINED, LegNews.LEFT)
    floor.clock.advance(COMES_BACK_WITHIN)
    return_cut_off(floor.database, floor.clock)
    before = len(offered(floor))
    for number in range(7):
        floor.hire(f"Lea{number}")
    assert offered(floor)[before:] == [flood[6], *flood[:6]]


def test_an_urgent_caller_at_the_gate_comes_before_everybody_else(floor: Floor) -> None:
    waiting = [ring(floor, number) for number in range(3)]
    gated = ring(floor, 9, handling=CallHandling.GATED)
    assert len(floor.rows(Reservation)["reservation"]) == 0
    with floor.database.unit_of_work(ALL) as session:
        assert admit_call(session, f"CA{9:032x}", urgent=True, at=floor.now)
    with floor.database.unit_of_work(ALL) as session:
        assert not admit_call(session, f"CA{9:032x}", urgent=False, at=floor.now)
    assert (floor.entry(gated).urgent, floor.entry(gated).ahead) == (True, 3)
    floor.hire("Ines", "Lea")
    assert offered(floor) == [gated, waiting[0]]


def test_who_hung_up_at_the_gate_is_not_let_in(floor: Floor) -> None:
    gated = ring(floor, 9, handling=CallHandling.GATED)
    floor.hear(floor.patient_leg(gated), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        assert not admit_call(session, f"CA{9:032x}", urgent=True, at=floor.now)
    assert floor.call(gated).status == "ended"


def test_nobody_is_let_in_who_is_not_at_the_gate(floor: Floor) -> None:
    ring(floor, 1)
    ring(floor, 2, handling=CallHandling.ANNOUNCED)
    with floor.database.unit_of_work(ALL) as session:
        assert not any(admit_call(session, f"CA{number:032x}", urgent=True, at=floor.now) for number in (1, 2, 3))

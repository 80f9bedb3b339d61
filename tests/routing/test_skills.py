"""Who may take which practice's calls, and who is asked first, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import Conflict
from callcenter.desk.why import read_why
from callcenter.directory.models import Certification, Practice, PracticeLine, Role, Staff
from callcenter.routing.arrival import admit_call, receive_call
from callcenter.routing.callbacks import promise_callback
from callcenter.routing.choice import Barrier, ReservationRule
from callcenter.routing.models import AgentStatus, Reservation
from callcenter.routing.offers import offer_waiting_calls
from callcenter.routing.presence import finish_wrap_up, set_available
from callcenter.routing.skills import barrier_to
from callcenter.routing.taking import CallTaken, pull_call
from callcenter.telephony.models import CallHandling, Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, MONDAY, PATIENT, Floor

SECOND, THIRD = "CA" + "b" * 32, "CA" + "c" * 32
OTHER_LINE = "+33199005678"
OTHER_PATIENT = "+33639981500"


def other_practice(floor: Floor, *, language: str = "fr", certified_only: bool = False) -> int:
    """A second practice, with a line of its own."""
    with floor.database.unit_of_work(ALL) as session:
        practice = Practice(
            code="ormes",
            name="Cabinet des Ormes",
            short_name="Ormes",
            language=language,
            certified_only=certified_only,
            created_at=MONDAY,
            mode="training",
        )
        session.add(practice)
        session.flush()
        session.add(PracticeLine(practice_id=practice.id, number=OTHER_LINE, label="Accueil"))
        return practice.id


def certify(floor: Floor, name: str, practice_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.add(Certification(staff_id=floor.staff[name], practice_id=practice_id, certified_at=floor.now))


def speaks(floor: Floor, name: str, languages: str) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).where(Staff.id == floor.staff[name]).values(languages=languages))


def ring(floor: Floor, sid: str = CALL, *, line: str = OTHER_LINE, from_number: str = OTHER_PATIENT) -> int:
    with floor.database.unit_of_work(ALL) as session:
        call = receive_call(session, sid=sid, to_number=line, from_number=from_number, at=floor.now)
        assert call is not None
        return call.call_id


def pending(floor: Floor) -> list[tuple[int, str, str]]:
    """Call, who is asked, by which rule."""
    names = {staff_id: name for name, staff_id in floor.staff.items()}
    return [
        (row["call_id"], names[row["staff_id"]], row["rule"])
        for row in floor.rows(Reservation)["reservation"]
        if row["status"] == "pending"
    ]


def talk(floor: Floor, name: str, sid: str, *, line: str = LINE, from_number: str = PATIENT) -> None:
    """She answers this caller and is free again."""
    call_id = ring(floor, sid, line=line, from_number=from_number)
    leg = floor.accept(name)
    floor.hear(leg.id, LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=5))
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    floor.hear(leg.id, LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        finish_wrap_up(session, floor.staff[name], at=floor.now)
        for staff_id in floor.staff.values():
            set_available(session, staff_id, at=floor.now)


def test_a_practice_that_wants_certified_operators_rings_only_at_theirs(floor: Floor) -> None:
    practice = other_practice(floor, certified_only=True)
    floor.hire("Ines", "Lea")
    certify(floor, "Lea", practice)
    call_id = ring(floor)
    assert pending(floor) == [(call_id, "Lea", "longest_idle")]


def test_a_caller_rings_only_at_those_who_speak_her_language(floor: Floor) -> None:
    other_practice(floor, language="nl")
    floor.hire("Ines", "Lea", "Maud")
    speaks(floor, "Ines", "fr")
    speaks(floor, "Lea", "fr nl de")
    call_id = ring(floor)
    assert pending(floor) == [(call_id, "Lea", "longest_idle")]
    # Who names no language takes them all.
    second = ring(floor, SECOND)
    assert pending(floor)[1:] == [(second, "Maud", "longest_idle")]


def test_the_head_of_the_queue_that_fits_nobody_free_keeps_nobody_waiting(floor: Floor) -> None:
    practice = other_practice(floor, certified_only=True)
    floor.hire("Ines")
    heads = [ring(floor, f"CA{number:032x}", from_number=f"+3363998{number:04d}") for number in range(1, 8)]
    assert pending(floor) == []
    behind = floor.ring()
    assert pending(floor) == [(behind, "Ines", "longest_idle")]
    floor.hire("Lea")
    certify(floor, "Lea", practice)
    with floor.database.unit_of_work(ALL) as session:
        offer_waiting_calls(session, at=floor.now)
    assert pending(floor)[1:] == [(heads[0], "Lea", "longest_idle")]


def test_who_comes_through_the_gate_rings_at_the_same_operators(floor: Floor) -> None:
    practice = other_practice(floor, certified_only=True)
    floor.hire("Ines", "Lea")
    certify(floor, "Lea", practice)
    with floor.database.unit_of_work(ALL) as session:
        receive_call(
            session,
            sid=CALL,
            to_number=OTHER_LINE,
            from_number=OTHER_PATIENT,
            at=floor.now,
            handling=CallHandling.GATED,
        )
    with floor.database.unit_of_work(ALL) as session:
        assert admit_call(session, CALL, urgent=False, at=floor.now)
    assert [name for _, name, _ in pending(floor)] == ["Lea"]


def test_nobody_pulls_a_call_that_is_not_for_her(floor: Floor) -> None:
    practice = other_practice(floor, certified_only=True, language="nl")
    floor.hire("Ines")
    call_id = ring(floor)
    with pytest.raises(Conflict, match="You are not certified for Cabinet des Ormes"):
        floor.pull("Ines", call_id)
    certify(floor, "Ines", practice)
    speaks(floor, "Ines", "fr en")
    with pytest.raises(Conflict, match="Cabinet des Ormes takes its calls in a language that is not among yours"):
        floor.pull("Ines", call_id)
    speaks(floor, "Ines", "fr nl")
    assert floor.pull("Ines", call_id).call_id == call_id
    [taken] = floor.rows(Reservation)["reservation"]
    assert (taken["rule"], taken["idle_since"]) == (ReservationRule.PULLED, MONDAY)


def test_whoever_comes_second_is_shown_a_call_that_she_may_take(floor: Floor) -> None:
    other_practice(floor, certified_only=True)
    ring(floor, SECOND)
    taken, next_of_hers = floor.ring(), floor.ring(THIRD)
    floor.hire("Ines")
    floor.accept("Ines")
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).values(languages="fr"))
    floor.hire("Maud")
    with floor.database.unit_of_work(ALL) as session, pytest.raises(CallTaken) as told:
        pull_call(session, floor.entry(taken).id, staff_id=floor.staff["Maud"], at=floor.now)
    assert told.value.next_entry_id == floor.entry(next_of_hers).id


def test_whoever_spoke_with_this_caller_last_is_asked_first(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    talk(floor, "Ines", CALL)
    # Lea is free longer now.
    call_id = floor.ring(SECOND)
    assert pending(floor) == [(call_id, "Ines", "affinity")]
    since = floor.agent("Ines").status_since
    [offer] = [row for row in floor.rows(Reservation)["reservation"] if row["status"] == "pending"]
    assert offer["idle_since"] == since


def test_whose_telephone_was_only_rung_spoke_with_nobody(floor: Floor) -> None:
    lost = floor.ring()
    floor.hear(floor.patient_leg(lost), LegNews.JOINED)
    with floor.database.unit_of_work(ALL) as session:
        assert promise_callback(session, lost, at=floor.now)
    floor.hear(floor.patient_leg(lost), LegNews.HUNG_UP)
    floor.hire("Ines", "Lea")
    own = floor.accept("Ines")
    floor.hear(own.id, LegNews.JOINED)
    with floor.database.reading(ALL) as session:
        rung = session.scalars(select(Leg).where(Leg.call_id == own.call_id, Leg.role == LegRole.PATIENT)).one()
    floor.dial(rung)
    floor.hear(rung.id, LegNews.RANG, LegNews.FAILED)
    with floor.database.unit_of_work(ALL) as session:
        finish_wrap_up(session, floor.staff["Ines"], at=floor.now)
    floor.clock.advance(timedelta(seconds=5))
    call_id = floor.ring(SECOND)
    assert pending(floor) == [(call_id, "Lea", "longest_idle")]
    # Nor does her card say so, once she takes the call.
    floor.pull("Ines", call_id)
    with floor.database.reading(ALL) as session:
        why = read_why(session, floor.call(call_id), floor.staff["Ines"])
        assert why is not None
        assert (why.rule, why.spoken_at) == ("pulled", None)


def test_beyond_a_hundred_who_may_not_take_her_whoever_may_is_asked(floor: Floor) -> None:
    other_practice(floor, language="nl")
    with floor.database.unit_of_work(ALL) as session:
        for number in range(100):
            member = Staff(
                login=f"fr{number}",
                name=f"Fr{number}",
                role=Role.OPERATOR,
                password_hash="x",
                languages="fr",
                endpoint=f"client:fr{number}",
                created_at=MONDAY,
            )
            session.add(member)
            session.flush()
            set_available(session, member.id, at=floor.now)
    floor.clock.advance(timedelta(seconds=1))
    call_id = ring(floor)
    assert pending(floor) == []
    floor.hire("Nele")
    assert pending(floor) == [(call_id, "Nele", "longest_idle")]


def test_a_caller_who_waits_is_given_to_whom_she_knows_when_both_are_free(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    talk(floor, "Ines", CALL)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).values(languages="nl"))
    call_id = floor.ring(SECOND)
    assert pending(floor) == []
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Staff).values(languages=""))
        assert offer_waiting_calls(session, at=floor.now) == 1
    assert pending(floor) == [(call_id, "Ines", "affinity")]


@pytest.mark.parametrize(
    ("sid", "line", "number", "after"),
    [
        (SECOND, LINE, OTHER_PATIENT, timedelta(0)),
        (SECOND, OTHER_LINE, PATIENT, timedelta(0)),
        (SECOND, LINE, "anonymous", timedelta(0)),
        (SECOND, LINE, PATIENT, timedelta(days=91)),
    ],
    ids=["another number", "another practice", "a number withheld", "long ago"],
)
def test_else_whoever_is_free_longest_is_asked(
    floor: Floor, sid: str, line: str, number: str, after: timedelta
) -> None:
    other_practice(floor)
    floor.hire("Ines", "Lea")
    talk(floor, "Ines", CALL, from_number=PATIENT if number != "anonymous" else number)
    floor.clock.advance(after)
    with floor.database.unit_of_work(ALL) as session:
        for staff_id in floor.staff.values():
            set_available(session, staff_id, at=floor.now)
    call_id = ring(floor, sid, line=line, from_number=number)
    assert pending(floor) == [(call_id, "Lea", "longest_idle")]


def test_who_knows_the_caller_but_may_not_take_her_is_not_asked(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    talk(floor, "Ines", CALL)
    speaks(floor, "Ines", "nl")
    call_id = floor.ring(SECOND)
    assert pending(floor) == [(call_id, "Lea", "longest_idle")]


def test_what_keeps_her_from_a_practice_is_told_apart(floor: Floor) -> None:
    practice_id = other_practice(floor, certified_only=True, language="de")
    floor.hire("Ines")
    with floor.database.reading(ALL) as session:
        practice = session.scalars(select(Practice).where(Practice.id == practice_id)).one()
        assert barrier_to(session, floor.staff["Ines"], practice) is Barrier.CERTIFICATION
    speaks(floor, "Ines", "fr")
    with floor.database.reading(ALL) as session:
        assert barrier_to(session, floor.staff["Ines"], practice) is Barrier.LANGUAGE
    assert floor.status_of("Ines") == AgentStatus.AVAILABLE

"""A call comes in once, whatever is repeated."""

import pytest
from sqlalchemy import event, func, select

from callcenter.core.errors import ProviderError
from callcenter.routing.arrival import receive_call
from callcenter.routing.models import QueueEntry, Reservation
from callcenter.telephony.models import Call, CallStatus, Leg, LegStatus, MisdialledCall
from callcenter.telephony.state import LegNews
from tests.floor import ALL, CALL, LINE, PATIENT, Floor

UNREACHABLE = ProviderError("the carrier cannot be reached", permanent=False)
SILENT = ProviderError("no answer", permanent=False, unknown=True)


def test_a_repeated_call_is_the_same_call(floor: Floor) -> None:
    assert floor.ring() == floor.ring()
    rows = floor.rows(Call, Leg, QueueEntry)
    assert {name: len(found) for name, found in rows.items()} == {"call": 1, "leg": 1, "queue_entry": 1}
    assert rows["call"][0]["from_number"] == PATIENT


@pytest.mark.parametrize("withheld", ["anonymous", "+266696687", "", "Restricted"])
def test_a_withheld_number_is_nobodys_number(floor: Floor, withheld: str) -> None:
    assert floor.call(floor.ring(from_number=withheld)).from_number is None


def test_an_unknown_number_is_told_to_the_supervisor_once(floor: Floor) -> None:
    for _ in range(2):
        with floor.database.unit_of_work(ALL) as session:
            unknown = "+33199009999"
            assert receive_call(session, sid=CALL, to_number=unknown, from_number=PATIENT, at=floor.now) is None
    with floor.database.reading(ALL) as session:
        assert session.scalar(select(func.count()).select_from(MisdialledCall)) == 1
        assert session.scalar(select(func.count()).select_from(Call)) == 0


def test_a_new_call_costs_few_statements(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    seen: list[str] = []
    event.listen(floor.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with floor.database.unit_of_work(ALL) as session:
        if floor.database.is_sqlite:  # whose statements go to the driver itself
            session.connection().connection.set_trace_callback(seen.append)  # type: ignore[attr-defined]
        receive_call(session, sid=CALL, to_number=LINE, from_number=PATIENT, at=floor.now)
        asked = [one for one in seen if not one.startswith(("BEGIN", "SELECT pg_"))]
    assert len(asked) == (7 if floor.database.is_sqlite else 1), asked
    assert floor.status_of("Ines") == "reserved"


def test_the_operators_telephone_is_rung_into_the_patients_room(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    leg = floor.accept("Ines")
    [order] = floor.provider.dialled
    assert order["conference"] == f"call-{CALL}"
    assert order["to"] == "client:ines"
    assert order["caller"] == LINE
    assert order["label"] == leg.label
    assert order["status_callback"] == f"https://centre.example.org/twilio/leg?leg={leg.id}#rc=2&rp=ct,rt,5xx"


def test_dialling_twice_rings_once(floor: Floor) -> None:
    floor.hire("Ines")
    floor.ring()
    floor.dial(floor.accept("Ines"))
    assert len(floor.provider.dialled) == 1


def test_a_refused_telephone_returns_the_patient_to_the_queue(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.provider.refusing = UNREACHABLE
    floor.accept("Ines")
    assert floor.entry(call_id).status == "waiting"
    agent = floor.agent("Ines")
    assert (agent.status, agent.missed_call, agent.call_id) == ("break_", True, None)
    [leg] = [row for row in floor.rows(Leg)["leg"] if row["role"] == "operator"]
    assert (leg["status"], leg["failure"]) == ("failed", "the carrier cannot be reached")


def test_the_patient_waits_again_with_the_next_operator_when_a_telephone_fails(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    floor.provider.refusing = UNREACHABLE
    floor.accept("Ines")
    floor.provider.refusing = None
    floor.hear(floor.accept("Lea").id, LegNews.JOINED)
    assert floor.call(call_id).status == CallStatus.TALKING


def test_a_carrier_that_did_not_answer_may_have_dialled(floor: Floor) -> None:
    floor.hire("Ines")
    call_id = floor.ring()
    floor.provider.refusing = SILENT
    leg = floor.accept("Ines")
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(Leg.status).where(Leg.id == leg.id)).one() == LegStatus.DIALLING
    assert floor.entry(call_id).status == "answered"
    assert floor.status_of("Ines") == "on_call"
    assert len(floor.rows(Reservation)["reservation"]) == 1

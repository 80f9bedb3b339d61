"""What it costs to offer a call: as many queries with three callers in the queue as with one."""

from sqlalchemy import event

from callcenter.routing.agents import move_agent
from callcenter.routing.models import AgentStatus
from callcenter.routing.offers import offer_waiting_calls
from tests.floor import ALL, Floor


def queries_to_offer_one(floor: Floor) -> int:
    """She is free; the offer is taken back, so that it can be made again."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with floor.database.reading(ALL) as session:
        move_agent(session, floor.staff["Ines"], from_=list(AgentStatus), to=AgentStatus.AVAILABLE, at=floor.now)
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            assert offer_waiting_calls(session, at=floor.now) == 1
        finally:
            event.remove(engine, "before_cursor_execute", note)
        session.rollback()
    return len(asked)


def test_offering_costs_the_same_with_one_caller_waiting_and_with_three(floor: Floor) -> None:
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        move_agent(session, floor.staff["Ines"], from_=list(AgentStatus), to=AgentStatus.BREAK, at=floor.now)
    floor.ring("CA" + "0" * 32)
    with_one = queries_to_offer_one(floor)
    for letter in "bc":
        floor.ring("CA" + letter * 32)
    assert queries_to_offer_one(floor) == with_one

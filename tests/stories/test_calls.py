"""Calls from the first ring to the last report: the product, the stand-in carrier, the real library between them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Practice, PracticeLine, Role
from callcenter.routing.ears import telephone_of
from callcenter.routing.models import Agent, QueueEntry, Reservation
from callcenter.telephony.models import Call, Leg
from callcenter.web.context import SESSION_COOKIE
from tests.stories.conftest import LINE, Town

ALL = Centre(CentreReason.SEED)


@dataclass
class Floor:
    """Operators at their desks, by HTTP alone."""

    town: Town
    desks: dict[str, httpx.Client] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)

    def hire(self, login: str) -> None:
        self.staff[login] = self.town.account(login, login.title(), Role.OPERATOR, endpoint=f"client:{login}")
        with self.town.database.unit_of_work(ALL) as session:
            token = open_session(session, self.staff[login], at=self.town.now())
        self.desks[login] = httpx.Client(
            base_url=self.town.url, cookies={SESSION_COOKIE: token}, headers={"HX-Request": "true"}
        )
        self.press(login, "/agent/availability")
        # The telephone of a browser that is none: it picks up by itself.
        with self.town.database.reading(ALL) as session:
            address = telephone_of(session, self.staff[login]).address
        phone = f"{self.town.carrier_url}/network/phones/{address}"
        httpx.put(phone, json={"answers": "auto"}).raise_for_status()

    def press(self, login: str, path: str, **data: str) -> httpx.Response:
        answer = self.desks[login].post(path, data=data)
        assert answer.status_code in {200, 204, 409}, answer.text
        return answer

    def rows(self, table: type[Any]) -> list[Any]:
        with self.town.database.reading(ALL) as session:
            return list(session.scalars(select(table).order_by(*table.__table__.primary_key)))

    def status(self, login: str) -> str:
        return next(str(agent.status) for agent in self.rows(Agent) if agent.staff_id == self.staff[login])

    def legs(self) -> list[tuple[str, str]]:
        return [(str(leg.role), str(leg.status)) for leg in self.rows(Leg)]


@pytest.fixture
def centre(town: Town) -> Iterator[Floor]:
    with town.database.unit_of_work(ALL) as session:
        practice = Practice(
            code="lilas", name="Cabinet des Lilas", short_name="Lilas", mode="training", created_at=town.now()
        )
        session.add(practice)
        session.flush()
        session.add(PracticeLine(practice_id=practice.id, number=LINE))
    floor = Floor(town)
    yield floor
    for desk in floor.desks.values():
        desk.close()


def test_a_call_is_answered_held_taken_back_and_ended(centre: Floor) -> None:
    centre.hire("ines")
    sid = centre.town.dial()
    _until(lambda: [str(offer.status) for offer in centre.rows(Reservation)] == ["pending"])
    offer = centre.rows(Reservation)[0]
    assert centre.press("ines", f"/reservations/{offer.id}/acceptance").headers["HX-Trigger"] == "desk-changed"
    _until(lambda: centre.legs() == [("patient", "joined"), ("operator", "joined")])
    [call] = centre.rows(Call)
    assert call.answered_at is not None

    centre.press("ines", f"/calls/{call.id}/hold", on_hold="true")
    assert _carrier_call(centre, sid)["hold"] is True
    centre.press("ines", f"/calls/{call.id}/hold", on_hold="false")
    assert _carrier_call(centre, sid)["hold"] is False

    centre.press("ines", f"/calls/{call.id}/hang-up")
    centre.press("ines", f"/calls/{call.id}/hang-up")
    _until(lambda: centre.rows(Call)[0].closed_at is not None)
    assert (str(centre.rows(Call)[0].status), centre.status("ines")) == ("ended", "wrap_up")
    _until(lambda: _carrier_call(centre, sid)["status"] == "completed")


def test_nobody_is_held_in_an_emergency_and_a_card_that_was_closed_with_an_address_is_none(centre: Floor) -> None:
    centre.hire("ines")
    sid = centre.town.dial()
    _until(lambda: [str(offer.status) for offer in centre.rows(Reservation)] == ["pending"])
    centre.press("ines", f"/reservations/{centre.rows(Reservation)[0].id}/acceptance")
    _until(lambda: centre.legs() == [("patient", "joined"), ("operator", "joined")])
    path = f"/calls/{centre.rows(Call)[0].id}"
    centre.press("ines", f"{path}/emergency")
    centre.press("ines", f"{path}/emergency/address", address="3 rue des Lilas, Rezé")
    assert centre.press("ines", f"{path}/hold", on_hold="true").status_code == 409
    assert _carrier_call(centre, sid)["hold"] is False
    centre.press("ines", f"{path}/emergency/closure")
    assert centre.press("ines", f"{path}/hold", on_hold="true").status_code == 204
    assert _carrier_call(centre, sid)["hold"] is True


def test_a_caller_who_gives_up_leaves_nobody_waiting_for_her(centre: Floor) -> None:
    centre.hire("ines")
    sid = centre.town.dial()
    _until(lambda: centre.status("ines") == "reserved")
    _hang_up(centre, sid)
    _until(lambda: centre.status("ines") == "available")
    assert [str(entry.status) for entry in centre.rows(QueueEntry)] == ["abandoned"]


def test_a_patient_whose_operator_drops_is_offered_to_the_next(centre: Floor) -> None:
    centre.hire("ines")
    centre.town.dial()
    _until(lambda: centre.status("ines") == "reserved")
    centre.press("ines", f"/reservations/{centre.rows(Reservation)[0].id}/acceptance")
    _until(lambda: centre.legs() == [("patient", "joined"), ("operator", "joined")])
    centre.hire("lea")
    _hang_up(centre, centre.rows(Leg)[1].sid)
    _until(lambda: centre.rows(QueueEntry)[0].requeue_at is not None)
    assert (centre.status("ines"), centre.status("lea")) == ("on_call", "available")
    with centre.town.database.unit_of_work(ALL) as session:  # half a minute passes
        session.execute(update(QueueEntry).values(requeue_at=centre.town.now()))
    _until(lambda: centre.status("lea") == "reserved")
    assert centre.status("ines") == "wrap_up"
    late = centre.press("ines", f"/queue-entries/{centre.rows(QueueEntry)[0].id}/acceptance")
    assert late.status_code == 409
    centre.press("lea", f"/reservations/{centre.rows(Reservation)[1].id}/acceptance")
    _until(lambda: ("operator", "joined") in centre.legs())


def _carrier_call(centre: Floor, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{centre.town.carrier_url}/network/calls/{sid}").json()
    return found


def _hang_up(centre: Floor, sid: str) -> None:
    answer = httpx.post(f"{centre.town.carrier_url}/network/calls/{sid}/hangup")
    assert answer.is_success, answer.text


def _until(reached: Callable[[], bool], *, seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "nothing happened"
        time.sleep(0.05)

"""The desk under odd requests: a sentence for each, nothing twice, and nobody acts on a colleague's call."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from callcenter.core.clock import ManualClock
from callcenter.core.config import load_settings
from callcenter.desk.models import CallNote, Disposition, DispositionCode
from callcenter.directory.accounts import open_session
from callcenter.directory.models import Patient
from callcenter.main import create_app
from callcenter.routing.models import AgentStatus
from callcenter.telephony.models import Call
from callcenter.web.context import SESSION_COOKIE
from tests.desk.conftest import Cast
from tests.fakes import FakeProvider

SWAP = {"HX-Request": "true"}
ZOE = {"family_name": "Durand", "given_name": "Zoé", "birth_on": "03/05/1958", "phone": "06 39 98 14 72"}

Browser = Callable[[int], TestClient]


@pytest.fixture
def browser(cast: Cast) -> Iterator[Browser]:
    """A browser in which somebody of the cast is signed in."""
    settings = load_settings(
        public_url="https://centre.example.org",
        secret_key="s" * 32,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        database_url=cast.database.url,
        jobs=False,
    )
    app = create_app(settings, clock=ManualClock(cast.at), provider=FakeProvider())

    def signed_in(staff_id: int) -> TestClient:
        with cast.database.unit_of_work(cast.everything) as session:
            token = open_session(session, staff_id, at=cast.at)
        return TestClient(app, cookies={SESSION_COOKIE: token}, follow_redirects=False, raise_server_exceptions=False)

    yield signed_in
    app.state.world.database.close()


def talking(cast: Cast, *, line: int | None = None) -> int:
    """Camille talks with a patient; the call."""
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session, line=line)
        cast.talk(session, call, by=cast.camille)
        return call.id


@pytest.mark.parametrize("headers", [{}, SWAP])
@pytest.mark.parametrize(
    "query",
    [
        "day=abc",
        "day=0000-00-00",
        "day=0001-01-01",
        "day=9999-12-31",
        "start=999999999999",
        "start=-1",
        "type=" + "9" * 30,
    ],
)
def test_a_garbled_address_is_answered_with_a_sentence(
    cast: Cast, browser: Browser, query: str, headers: dict[str, str]
) -> None:
    talking(cast)
    desk = browser(cast.camille)
    assert desk.get(f"/desk/agenda?{query}", headers=headers).status_code in {200, 422}
    assert desk.get(f"/desk?{query}", headers=headers).status_code in {200, 422}


def test_a_question_the_script_does_not_have_is_not_asked(cast: Cast, browser: Browser) -> None:
    call, desk = talking(cast), browser(cast.camille)
    desk.post(f"/calls/{call}/emergency")
    assert desk.get("/desk/emergency/live", params={"call": call, "ask": "<b>"}).status_code == 200


@pytest.mark.parametrize("typed", ["9" * 5000, "9" * 20, "²", "</Say>", "-1"])
def test_what_is_no_person_changes_nothing(cast: Cast, browser: Browser, typed: str) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        anne = cast.patient(session, "Anne", "Vasseur").id
    desk = browser(cast.camille)
    desk.post(f"/calls/{call}/patient", data={"patient_id": anne})
    assert desk.post(f"/calls/{call}/patient", data={"patient_id": typed}).status_code == 404
    with cast.database.reading(cast.everything) as session:
        assert session.get_one(CallNote, call).patient_id == anne


def test_a_patient_added_twice_by_two_enters_is_one(cast: Cast, browser: Browser) -> None:
    call, desk = talking(cast), browser(cast.camille)
    assert [desk.post(f"/calls/{call}/patients", data=ZOE).status_code for _ in range(2)] == [303, 303]
    desk.post(f"/calls/{call}/patients", data=ZOE | {"given_name": "Léo"})
    with cast.database.reading(cast.everything) as session:
        assert session.scalars(select(Patient.given_name).order_by(Patient.id)).all() == ["Zoé", "Léo"]


@pytest.mark.parametrize("headers", [{}, SWAP])
def test_a_form_of_an_earlier_call_never_opens_on_the_next_one(
    cast: Cast, browser: Browser, headers: dict[str, str]
) -> None:
    first = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.get_one(Call, first), by=cast.camille)
        cast.set_agent(session, cast.camille, AgentStatus.AVAILABLE)
    desk = browser(cast.camille)
    wrong = {"family_name": "", "given_name": "Zoé"}
    assert desk.post(f"/calls/{first}/patients", data=wrong, headers=headers).status_code == 404
    talking(cast, line=cast.kaplan_line)
    answer = desk.post(f"/calls/{first}/patients", data=wrong, headers=headers)
    assert answer.status_code == 404
    assert "Zoé" not in answer.text


def test_a_call_that_went_on_to_a_colleague_is_hers_no_more(cast: Cast, browser: Browser) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.camille, AgentStatus.AVAILABLE)  # her telephone failed; Inès took over
        cast.set_agent(session, cast.ines, AgentStatus.ON_CALL, call_id=call)
    desk = browser(cast.camille)
    for gesture, form in (
        ("words", {"words": "x"}),
        ("patients", ZOE),
        ("disposition", {"code": "none"}),
        ("emergency", {}),
        ("hang-up", {}),
    ):
        assert desk.post(f"/calls/{call}/{gesture}", data=form).status_code == 404, gesture
    with cast.database.reading(cast.everything) as session:
        assert session.scalar(select(func.count()).select_from(Disposition)) == 0


def test_who_ended_the_call_says_how_it_ended(cast: Cast, browser: Browser) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.camille, AgentStatus.WRAP_UP, call_id=call)  # cut off; the patient waited
        cast.talk(session, session.get_one(Call, call), by=cast.ines)
    assert browser(cast.camille).post(f"/calls/{call}/disposition", data={"code": "none"}).status_code == 303
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.get_one(Call, call), by=cast.ines)
    ines = browser(cast.ines)
    ines.post(f"/calls/{call}/disposition", data={"code": "booked"})
    ines.post(f"/calls/{call}/disposition", data={"code": "message"})
    with cast.database.reading(cast.everything) as session:
        kept = session.scalars(select(Disposition)).one()
        assert (kept.code, kept.staff_id) == (DispositionCode.BOOKED, cast.ines)

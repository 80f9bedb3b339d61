"""What no form of ours sends: the answer is a sentence, never a fault; and what leaving the desk leaves behind."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from callcenter.core.db import Database
from callcenter.directory.accounts import open_session
from callcenter.main import create_app
from callcenter.web.context import SESSION_COOKIE
from tests.floor import ALL, Floor

HUGE = "9" * 30


@pytest.fixture
def floor(database_url: str) -> Iterator[Floor]:
    """Ines and Lea are available; the product runs on the floor's database."""
    database = Database(database_url)
    yield Floor(database)
    database.close()


@pytest.fixture
def ines(floor: Floor) -> Iterator[TestClient]:
    """Ines's browser."""
    floor.hire("Ines", "Lea")
    settings = floor.settings.model_copy(update={"database_url": floor.database.url, "jobs": False})
    app = create_app(settings, clock=floor.clock, provider=floor.provider)
    with floor.database.unit_of_work(ALL) as session:
        token = open_session(session, floor.staff["Ines"], at=floor.now)
    with TestClient(app, cookies={SESSION_COOKIE: token}, follow_redirects=False, raise_server_exceptions=False) as one:
        yield one


def test_whoever_signs_out_takes_no_call_with_her(floor: Floor, ines: TestClient) -> None:
    floor.ring()
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("reserved", "available")
    assert ines.post("/sign-out").status_code == 303
    assert (floor.status_of("Ines"), floor.status_of("Lea")) == ("offline", "reserved")


def test_signing_out_ends_no_conversation(floor: Floor, ines: TestClient) -> None:
    floor.ring()
    floor.accept("Ines")
    ines.post("/sign-out")
    assert floor.status_of("Ines") == "on_call"


@pytest.mark.parametrize(
    ("address", "form"),
    [
        (f"/calls/{HUGE}/words", {"words": "x"}),
        (f"/reservations/{HUGE}/acceptance", {}),
        (f"/queue-entries/{HUGE}/acceptance", {}),
        (f"/calls/{HUGE}/hang-up", {}),
        (f"/calls/{HUGE}/giving-back", {}),
        (
            "/calls/1/appointments",
            {"practitioner_id": "1", "service_type_id": HUGE, "start": HUGE, "request_key": "x" * 8},
        ),
        (
            "/calls/1/appointments",
            {"practitioner_id": "1", "service_type_id": "1", "start": "1", "request_key": "\0" * 8},
        ),
        ("/calls/1/patient", {"patient_id": HUGE}),
    ],
)
def test_figures_beyond_the_database_are_refused(
    floor: Floor, ines: TestClient, address: str, form: dict[str, str]
) -> None:
    floor.ring()
    floor.accept("Ines")
    assert ines.post(address, data=form).status_code in {404, 409, 422}


@pytest.mark.parametrize("host", ["[", "[::1", "a b", "x" * 3000, "é"])
def test_a_nonsense_host_makes_no_fault(ines: TestClient, host: str) -> None:
    headers = {"Host": host.encode("latin-1"), "X-Twilio-Signature": b"forged"}
    assert ines.post("/twilio/voice", headers=headers, content=b"").status_code == 403
    assert ines.get("/desk", headers=headers).status_code == 200

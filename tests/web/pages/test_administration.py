"""An administrator's browser: from an empty database to a practice that can be called, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from callcenter.agenda.models import Opening, ServiceType
from callcenter.core.audit import AuditEntry
from callcenter.core.clock import ManualClock
from callcenter.core.config import load_settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import create_staff
from callcenter.directory.models import LineHours, Practice, PracticeLine, Practitioner, Role, Staff
from callcenter.main import create_app
from tests.fakes import FakeProvider

MONDAY = datetime(2026, 11, 23, 8, 14, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)
PASSWORD = "marronniers en fleur"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def client(sqlite_url: str) -> Iterator[TestClient]:
    """The product on an empty database that has one administrator and one supervisor."""
    settings = load_settings(
        database_url=sqlite_url,
        public_url="http://testserver",
        secret_key="s" * 32,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="token",
        jobs=False,
    )
    database = Database(sqlite_url)
    with database.unit_of_work(SEED) as session:
        for login, role in (("admin", Role.ADMINISTRATOR), ("sofia", Role.SUPERVISOR)):
            create_staff(
                session, login=login, name=login.title(), role=role, password=PASSWORD, language="en", at=MONDAY
            )
    database.close()
    with TestClient(create_app(settings, clock=ManualClock(MONDAY), provider=FakeProvider())) as opened:
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text


def rows(client: TestClient, table: type) -> list:  # type: ignore[type-arg]
    with client.app.state.world.database.reading(SEED) as session:  # type: ignore[attr-defined]
        return list(session.scalars(select(table).order_by(table.id)))


def post(client: TestClient, address: str, **fields: object) -> tuple[int, str]:
    answer = client.post(address, data=fields)
    return answer.status_code, answer.text


def test_from_nothing_to_a_practice_that_can_be_called(client: TestClient) -> None:
    sign_in(client, "admin")
    assert "No practice yet." in client.get("/").text
    created = client.post("/practices/new", data={"name": "Cabinet des Tilleuls"})
    assert str(created.url).endswith("/practices/1?saved=1")
    assert "Add the number that patients dial." in created.text
    assert "A practitioner receives at a site: add the site first." in client.get("/practices/1/practitioners").text

    post(client, "/practices/1/lines", number="01 99 00 42 17", label="Accueil")
    post(client, "/practices/1/sites", name="Tilleuls", city="Rezé", zone="Europe/Paris")
    added = client.post("/practices/1/practitioners", data={"name": "Dr Lemoine", "site": "1"})
    assert str(added.url).endswith("/practices/1/practitioners/1/hours?saved=1")
    post(client, "/practices/1/service-types", name="Consultation", short_name="Cs", duration_minutes="15", colour="1")
    status, text = post(
        client,
        "/practices/1/practitioners/1/hours",
        weekday=["0", "0", "1"],
        starts=["8h30", "14:00", ""],
        ends=["12:30", "18", ""],
        whole_week="1",
    )
    assert status == 200
    assert "Next:" not in text
    assert [line.number for line in rows(client, PracticeLine)] == ["+33199004217"]
    assert [one.family_name for one in rows(client, Practitioner)] == ["Lemoine"]
    assert [one.short_name for one in rows(client, ServiceType)] == ["Cs"]
    assert [(one.weekday, one.starts.hour, one.ends.hour) for one in rows(client, Opening)] == [(0, 8, 12), (0, 14, 18)]


@pytest.mark.parametrize(
    ("address", "typed", "sentence"),
    [
        ("/practices/new", {"name": "X", "zone": "Rezé"}, "This time zone is not known."),
        ("/practices/1/lines", {"number": "01 99 00 42 17"}, "This practice already has this line."),
        ("/practices/1/lines", {"number": "12", "label": "Rezé"}, "This telephone number does not exist."),
        ("/practices/1/service-types", {"name": "Rezé", "duration_minutes": "-5"}, "The length is between 5 and 480"),
        ("/practices/1/instructions", {"text": "Rezé", "valid_until": "2026-11-23T09:00"}, "is already past"),
        ("/practices/1/patients/new", {"family_name": "Rezé", "birth_on": "31/02/1990"}, "not a date of birth"),
        ("/staff/new", {"login": "rezé é", "name": "Rezé", "role": "operator"}, "A login has letters"),
        ("/staff/new", {"login": "z", "name": "Z", "role": "operator", "password": "zq7-ww"}, "at least 8 characters"),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_writes_nothing(
    client: TestClient, address: str, typed: dict[str, str], sentence: str
) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Tilleuls")
    post(client, "/practices/1/lines", number="01 99 00 42 17")
    before = [len(rows(client, table)) for table in (Practice, PracticeLine, ServiceType, Staff)]
    status, text = post(client, address, **typed)
    assert status == 422
    assert sentence in text
    for value in (value for name, value in typed.items() if name != "password"):
        assert value in text
    assert [len(rows(client, table)) for table in (Practice, PracticeLine, ServiceType, Staff)] == before
    assert "zq7-ww" not in text


def test_hours_that_overlap_are_refused_beside_their_day_with_all_rows_kept(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Tilleuls")
    post(client, "/practices/1/sites", name="Tilleuls")
    post(client, "/practices/1/practitioners", name="Dr Lemoine", site="1")
    typed = {"weekday": ["2", "2"], "starts": ["08:30", "12:00"], "ends": ["12:30", "18:00"], "whole_week": "1"}
    status, text = post(client, "/practices/1/practitioners/1/hours", **typed)
    assert status == 422
    assert "The hours from 12:00 overlap those until 12:30." in text
    assert text.count('name="starts"') == 2
    _status, more = post(client, "/practices/1/practitioners/1/hours", **typed, add="4")
    assert more.count('name="starts"') == 3
    _status, same = post(client, "/practices/1/practitioners/1/hours", **typed, same="2")
    assert same.count('name="starts"') == 6
    assert rows(client, Opening) == []


def test_a_week_that_arrives_without_its_fields_empties_nothing(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Tilleuls")
    post(client, "/practices/1/lines", number="01 99 00 42 17")
    address = "/practices/1/lines/1/hours"
    assert post(client, address, weekday=["0"], starts=["8:30"], ends=["12:30"], whole_week="1")[0] == 200
    status, text = post(client, address)
    assert (status, "The week did not arrive whole" in text) == (422, True)
    assert [one.weekday for one in rows(client, LineHours)] == [0]
    assert post(client, address, whole_week="1")[0] == 200
    assert rows(client, LineHours) == []


def test_a_supervisor_reads_and_changes_nothing(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Tilleuls")
    post(client, "/sign-out")
    sign_in(client, "sofia")
    page = client.get("/practices/1/lines")
    assert (page.status_code, 'method="post" action="/practices/1/lines' in page.text) == (200, False)
    assert post(client, "/practices/1/lines", number="01 99 00 42 17")[0] == 403
    assert rows(client, PracticeLine) == []


def test_hostile_names_stay_text(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name=SCRIPT)
    post(client, "/practices/1/sites", name=SCRIPT)
    post(client, "/practices/1/practitioners", name=SCRIPT, site="1")
    post(client, "/practices/1/patients/new", family_name=SCRIPT, note=SCRIPT)
    post(client, "/practices/1/instructions", text=SCRIPT)
    for section in ("", "/sites", "/practitioners", "/hours", "/patients", "/instructions"):
        text = client.get(f"/practices/1{section}").text
        assert SCRIPT not in text
        assert "&lt;script&gt;" in text
    assert (
        SCRIPT not in client.post("/practices/greeting-preview", data={"name": SCRIPT, "greeting": "{practice}"}).text
    )


def test_a_patient_is_searched_without_her_name_in_the_address(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Tilleuls")
    for family in ("Vasseur", "Sow"):
        post(client, "/practices/1/patients/new", family_name=family, birth_on="14/03/1958")
    answer = client.post("/practices/1/patients", data={"text": "vas"})
    assert ("Vasseur" in answer.text, "Sow" in answer.text, "vas" in str(answer.url)) == (True, False, False)


def test_nobody_signed_in_is_sent_to_sign_in_and_a_wrong_password_keeps_the_login(client: TestClient) -> None:
    assert str(client.get("/practices").url).endswith("/sign-in")
    answer = client.post("/sign-in", data={"login": "admin", "password": "wrong"})
    assert (answer.status_code, 'value="admin"' in answer.text) == (422, True)


def test_the_language_is_one_click_and_the_way_back_stays_inside(client: TestClient) -> None:
    sign_in(client, "admin")
    answer = client.post("/language", data={"language": "fr", "back": "/practices"})
    assert "Cabinets" in answer.text
    for away in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = client.post("/language", data={"language": "en", "back": away}, follow_redirects=False)
        assert answer.headers["location"] == "/"


def test_an_operator_is_given_her_languages_and_certified_for_a_practice_and_both_are_noted(client: TestClient) -> None:
    sign_in(client, "admin")
    assert post(client, "/practices/new", name="Cabinet Vert")[0] == 200
    with client.app.state.world.database.unit_of_work(SEED) as session:  # type: ignore[attr-defined]
        lea = create_staff(session, login="lea", name="Léa", role=Role.OPERATOR, password=PASSWORD, at=MONDAY)
        session.flush()
        lea_id = lea.id
    [practice] = rows(client, Practice)
    status, _text = post(client, f"/staff/{lea_id}/languages", languages=["nl", "fr"])
    assert (status, rows(client, Staff)[-1].languages) == (200, "fr nl")
    assert post(client, f"/staff/{lea_id}/languages", languages="xx")[0] == 422
    for _twice in range(2):
        status, text = post(client, f"/staff/{lea_id}/certifications", practice=practice.id)
        assert (status, text.count("Cabinet Vert")) == (200, 2)  # its name, and what the button takes back
    shown = client.get(f"/practices/{practice.id}/operators").text
    assert "Léa" in shown
    assert post(client, f"/practices/{practice.id}/operators", certified_only="yes")[0] == 200
    assert rows(client, Practice)[0].certified_only
    assert post(client, f"/staff/{lea_id}/certifications/{practice.id}/removal")[0] == 200
    assert "Nobody is certified yet" in client.get(f"/practices/{practice.id}/operators").text
    acts = [row.action for row in rows(client, AuditEntry)]
    assert [one for one in acts if one in _SKILLS] == [
        "languages_set",
        "certified",
        "certified_only",
        "certification_withdrawn",
    ]


_SKILLS = {"languages_set", "certified", "certified_only", "open_to_all", "certification_withdrawn"}


@pytest.mark.parametrize("typed", ["", "0", "999999999999999999", "1e3", "²", "-1", SCRIPT])
def test_somebody_who_is_nobody_is_not_certified(client: TestClient, typed: str) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Cabinet Vert")
    [practice] = rows(client, Practice)
    status, text = post(client, f"/practices/{practice.id}/certifications", staff=typed)
    assert status == 404
    assert SCRIPT not in text


def test_who_takes_no_calls_is_not_certified_and_a_supervisor_changes_nothing(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Cabinet Vert")
    [practice] = rows(client, Practice)
    admin = next(one for one in rows(client, Staff) if one.login == "admin")
    assert post(client, f"/practices/{practice.id}/certifications", staff=admin.id)[0] == 422
    client.post("/sign-out")
    sign_in(client, "sofia")
    sofia = next(one for one in rows(client, Staff) if one.login == "sofia")
    assert client.get(f"/practices/{practice.id}/operators").status_code == 200
    for address, fields in (
        (f"/practices/{practice.id}/operators", {"certified_only": "yes"}),
        (f"/practices/{practice.id}/certifications", {"staff": sofia.id}),
        (f"/staff/{sofia.id}/languages", {"languages": "fr"}),
        (f"/staff/{sofia.id}/certifications", {"practice": practice.id}),
    ):
        assert post(client, address, **fields)[0] == 403


def test_a_line_says_what_it_does_with_those_who_wait(client: TestClient) -> None:
    sign_in(client, "admin")
    post(client, "/practices/new", name="Cabinet Vert")
    [practice] = rows(client, Practice)
    post(client, f"/practices/{practice.id}/lines", number="01 99 00 42 17")
    [line] = rows(client, PracticeLine)
    address = f"/practices/{practice.id}/lines/{line.id}"
    kept = {"number": "01 99 00 42 17", "is_priority": "yes", "overflow_after": "90", "callback_after": "0"}
    assert post(client, address, **kept, overflow_number="06 39 98 00 08")[0] == 200
    [line] = rows(client, PracticeLine)
    assert (line.is_priority, line.overflow_after, line.overflow_number, line.callback_after) == (
        True,
        90,
        "+33639980008",
        0,
    )
    # What another form of the page does not show stays.
    assert post(client, address, number="01 99 00 42 17")[0] == 200
    assert rows(client, PracticeLine)[0].overflow_after == 90
    # Not in circles: to itself, nor may a number that callers overflow to become a line.
    assert post(client, address, **kept, overflow_number="01 99 00 42 17")[0] == 422
    assert post(client, f"/practices/{practice.id}/lines", number="06 39 98 00 08")[0] == 422
    assert post(client, address, **kept | {"overflow_after": "soon"})[0] == 422


def test_where_calls_ring_is_said_in_words_and_a_number_stays_in_one_line(client: TestClient) -> None:
    with client.app.state.world.database.unit_of_work(SEED) as session:  # type: ignore[attr-defined]
        for login, endpoint in (("camille", "client:camille"), ("ines", "+33639981472")):
            create_staff(
                session,
                login=login,
                name=login.title(),
                role=Role.OPERATOR,
                endpoint=endpoint,
                password=PASSWORD,
                at=MONDAY,
            )
    sign_in(client, "admin")
    page = client.get("/staff").text
    assert '<td class="num">her browser</td>' in page
    assert "client:camille" not in page
    assert '<td class="num"><span class="nowrap">06 39 98 14 72</span></td>' in page

"""The roster of a practice in a supervisor's browser, on its doctors' own pages, and in others' calendars."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from icalendar import Calendar
from sqlalchemy import select

from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.directory.accounts import choose_language, create_staff, set_password
from callcenter.directory.models import Practice, Practitioner, Role, Site
from callcenter.dispatch.on_call_models import OnCallShift, ShiftSwap
from callcenter.dispatch.shifts import OverrideParticulars, add_override
from callcenter.main import create_app
from tests.floor import ALL, MONDAY, Floor

PASSWORD = "marronniers en fleur"
ADDRESS = "/practices/1/on-call"
HOSTILE = '</Say><Dial> 👍 <script>alert("1")</script> =HYPERLINK("x")'
WEEKS = {"members": ["1", "2", ""], "turn_days": "7", "changes_at": "18:00", "starts_on": "2026-11-23"}
FIRST, SECOND = (int(datetime(2026, 11, day, 17, tzinfo=UTC).timestamp()) for day in (23, 30))  # 18:00 in Paris


@pytest.fixture
def floor(database: Database) -> Floor:
    """The Lilas with Lemoine, Arnaud and Nguyen, the Rosiers with Benali, and who supervises, administers, answers."""
    floor = Floor(database)
    with database.unit_of_work(ALL) as session:
        session.add(Practice(code="rosiers", name="Maison des Rosiers", short_name="Rosiers", created_at=floor.now))
        session.flush()
        for login, role in (
            ("agnes", Role.ADMINISTRATOR),
            ("solene", Role.SUPERVISOR),
            ("camille", Role.OPERATOR),
            ("lemoine", Role.PRACTITIONER),
            ("arnaud", Role.PRACTITIONER),
            ("benali", Role.PRACTITIONER),
        ):
            staff = create_staff(
                session, login=login, name=login.title(), role=role, password=PASSWORD, language="fr", at=floor.now
            )
            session.flush()
            floor.staff[login] = staff.id
        sites = [Site(practice_id=practice_id, code="site", name="Site") for practice_id in (1, 2)]
        session.add_all(sites)
        session.flush()
        for position, (practice_id, name) in enumerate(((1, "Lemoine"), (1, "Arnaud"), (1, "Nguyen"), (2, "Benali"))):
            session.add(
                Practitioner(
                    practice_id=practice_id,
                    site_id=sites[practice_id - 1].id,
                    code=name.lower(),
                    name=f"Dr {name}",
                    family_name=name,
                    position=position,
                    staff_id=floor.staff.get(name.lower()),
                )
            )
            session.flush()
    return floor


@pytest.fixture
def clock(floor: Floor) -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
def client(floor: Floor, database_url: str, clock: ManualClock) -> Iterator[TestClient]:
    settings = floor.settings.model_copy(
        update={"database_url": database_url, "public_url": "http://testserver", "jobs": False}
    )
    with TestClient(create_app(settings, clock=clock, provider=floor.provider)) as opened:
        sign_in(opened, "solene")
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    client.post("/sign-out")
    assert client.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 200


def plain(text: str) -> str:
    """What a page says, as a reader reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", text.partition("<main")[2]).replace("\u202f", " ").split())


def propose(client: TestClient) -> int:
    sign_in(client, "solene")
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    sign_in(client, "lemoine")
    assert client.post("/my-on-call/swaps", data={"given": FIRST, "returned": SECOND}).status_code == 200
    return 1


def shifts(floor: Floor) -> list[tuple[int | None, str]]:
    with floor.database.reading(ALL) as session:
        rows = session.scalars(select(OnCallShift).where(OnCallShift.withdrawn_at.is_(None)).order_by(OnCallShift.id))
        return [(one.practitioner_id, one.source) for one in rows]


def ics(*events: tuple[str, str, str]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for number, (summary, starts, ends) in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", f"SUMMARY:{summary}", f"DTSTART:{starts}", f"DTEND:{ends}"]
        lines += ["END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def test_a_practice_without_a_roster_is_told_what_it_is_for(client: TestClient) -> None:
    page = client.get(ADDRESS)
    assert page.status_code == 200
    assert "Pas encore d’astreinte" in plain(page.text)
    assert f"{ADDRESS}/rotations/new" in page.text


def test_a_rotation_is_added_read_changed_and_ended(client: TestClient, clock: ManualClock) -> None:
    form = client.get(f"{ADDRESS}/rotations/new").text
    assert 'value="2026-11-23"' in form, "the next Monday, today"
    for _twice in range(2):
        added = client.post(f"{ADDRESS}/rotations", data=WEEKS)
    assert added.url.path == ADDRESS
    text = plain(added.text)
    assert text.count("Par semaines, relève le lundi à 18:00") == 1
    assert "Personne d’astreinte Dr Lemoine dès 18:00" in text
    clock.advance(timedelta(days=1))
    sign_in(client, "solene")  # a day later
    assert "D’astreinte : Dr Lemoine , jusqu’au lun. 30 nov. 18:00 , puis Dr Arnaud" in plain(client.get(ADDRESS).text)

    form = client.get(f"{ADDRESS}/rotations/1").text
    assert 'value="2026-11-30"' in form, "the first turn that may be otherwise"
    changed = client.post(f"{ADDRESS}/rotations/1", data=WEEKS | {"members": ["3"], "starts_on": "2026-11-30"})
    assert "puis Dr Nguyen" in plain(changed.text)
    ended = client.post(f"{ADDRESS}/rotations/2/ending")
    assert "puis personne" in plain(ended.text)
    assert "Sans personne d’astreinte" in plain(ended.text)


def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(client: TestClient) -> None:
    for wrong, field in (
        ({"members": ["", ""]}, "members"),
        ({"turn_days": "0"}, "turn_days"),
        ({"changes_at": "midi"}, "changes_at"),
        ({"starts_on": "2026-11-01"}, "starts_on"),
        ({"ends_on": "2026-11-01"}, "ends_on"),
        ({"members": ["4"]}, "members"),
        ({"members": [HOSTILE]}, "members"),
    ):
        answer = client.post(f"{ADDRESS}/rotations", data=WEEKS | {"name": HOSTILE} | wrong)
        assert (answer.status_code, f'id="{field}-why"' in answer.text) == (422, True), wrong
        assert "<script>alert" not in answer.text
        assert "&lt;/Say&gt;&lt;Dial&gt;" in answer.text
    answer = client.post(f"{ADDRESS}/overrides", data={"who": "1", "starts": "2026-11-24T08:00", "ends": HOSTILE})
    assert (answer.status_code, 'id="ends-why"' in answer.text) == (422, True)
    assert 'value="2026-11-24T08:00"' in answer.text


def test_a_gap_s_link_opens_the_form_filled_and_closes_it(client: TestClient, floor: Floor) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS | {"ends_on": "2026-11-30"})
    page = client.get(ADDRESS).text
    links = [one.replace("&amp;", "&") for one in re.findall(rf'"({ADDRESS}/overrides/new\?starts[^"]+)"', page)]
    assert len(links) == 2
    form = client.get(links[0]).text
    assert 'value="2026-11-23T09:00"' in form
    assert 'value="2026-11-23T18:00"' in form
    closing = {"who": "3", "starts": "2026-11-23T09:00", "ends": "2026-11-23T18:00"}
    for _twice in range(2):
        page = client.post(f"{ADDRESS}/overrides", data=closing).text
    assert shifts(floor) == [(3, "override")]
    assert "D’astreinte : Dr Nguyen , jusqu’à 18:00 , puis Dr Lemoine" in plain(page)
    assert len(re.findall(rf'"{ADDRESS}/overrides/new\?starts[^"]+"', page)) == 1
    withdrawn = client.post(f"{ADDRESS}/overrides/1/withdrawal")
    assert "Personne d’astreinte" in plain(withdrawn.text)


def test_hostile_names_stay_text(client: TestClient, floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        doctor = session.get_one(Practitioner, 1)
        doctor.name = doctor.family_name = HOSTILE
    client.post(f"{ADDRESS}/rotations", data=WEEKS | {"name": HOSTILE})
    client.post(f"{ADDRESS}/overrides", data={"who": "1", "starts": "2026-11-23T09:00", "ends": "2026-11-23T18:00"})
    pages = [client.get(address).text for address in (ADDRESS, f"{ADDRESS}/rotations/1", f"{ADDRESS}/overrides/new")]
    sign_in(client, "arnaud")
    pages += [client.get(address).text for address in ("/my-on-call", "/my-agenda")]
    for page in pages:
        assert "&lt;/Say&gt;&lt;Dial&gt;" in page
        assert "<script>alert" not in page


def test_who_answers_calls_or_practises_has_no_such_section(client: TestClient) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    for login in ("camille", "lemoine"):
        sign_in(client, login)
        for method, address in (
            ("GET", ADDRESS),
            ("GET", f"{ADDRESS}/calendar.ics"),
            ("POST", f"{ADDRESS}/rotations"),
            ("POST", f"{ADDRESS}/rotations/1/ending"),
            ("POST", f"{ADDRESS}/overrides"),
            ("POST", f"{ADDRESS}/feed"),
            ("POST", f"{ADDRESS}/import"),
        ):
            assert client.request(method, address).status_code == 403, (login, address)
    sign_in(client, "agnes")
    assert client.get(ADDRESS).status_code == 200
    assert client.get("/my-on-call").status_code == 403


def test_another_practice_s_rows_are_not_reached_by_this_one_s_address(client: TestClient, floor: Floor) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    client.post(f"{ADDRESS}/overrides", data={"who": "1", "starts": "2026-11-23T09:00", "ends": "2026-11-23T18:00"})
    other = "/practices/2/on-call"
    assert client.get(f"{other}/rotations/1").status_code == 404
    assert client.post(f"{other}/rotations/1/ending").status_code == 404
    assert client.post(f"{other}/overrides/1/withdrawal").status_code == 404
    assert shifts(floor) == [(1, "override")]


def test_a_swap_is_proposed_seen_by_the_colleague_and_agreed(client: TestClient, floor: Floor) -> None:
    propose(client)
    mine = plain(client.get("/my-on-call").text)
    assert "Vous avez proposé Dr Arnaud prend lun. 23 nov. 18:00 – lun. 30 nov. 18:00" in mine
    sign_in(client, "arnaud")
    assert "1 échange vous est proposé" in plain(client.get("/my-agenda").text)
    his = plain(client.get("/my-on-call/region").text.replace('<div id="my-on-call"', "<main"))
    assert "Dr Lemoine vous propose un échange Vous prenez lun. 23 nov. 18:00 – lun. 30 nov. 18:00" in his
    for _twice in range(2):
        agreed = client.post("/my-on-call/swaps/1/agreement")
        assert "Accepté" in plain(agreed.text)
    assert shifts(floor) == [(2, "swap"), (1, "swap")]
    sign_in(client, "solene")
    page = plain(client.get(ADDRESS).text)
    assert "Dr Arnaud dès 18:00" in page
    assert "Échangé" in page


def test_an_outdated_swap_says_so_and_changes_nothing(client: TestClient, floor: Floor) -> None:
    propose(client)
    sign_in(client, "solene")
    client.post(f"{ADDRESS}/overrides", data={"who": "3", "starts": "2026-11-25T08:00", "ends": "2026-11-25T18:00"})
    sign_in(client, "arnaud")
    page = client.get("/my-on-call").text
    assert "cet échange n’est plus possible" in plain(page)
    assert "/my-on-call/swaps/1/agreement" not in page, "no button that could only disappoint"
    assert "rien n’a été échangé" in plain(client.post("/my-on-call/swaps/1/agreement").text)
    assert shifts(floor) == [(3, "override")]


def test_nobody_settles_for_others(client: TestClient, floor: Floor) -> None:
    propose(client)
    assert client.post("/my-on-call/swaps/1/agreement").status_code == 403, "her own proposal"
    sign_in(client, "benali")
    assert client.post("/my-on-call/swaps/1/agreement").status_code == 404
    assert client.get("/my-on-call?practitioner=1").status_code == 404
    sign_in(client, "solene")
    assert client.post("/my-on-call/swaps/1/agreement").status_code == 403
    sign_in(client, "lemoine")
    assert "Retiré" in plain(client.post("/my-on-call/swaps/1/withdrawal").text)
    sign_in(client, "arnaud")
    refused = client.post("/my-on-call/swaps/1/agreement")
    assert (refused.status_code, "a déjà sa réponse" in plain(refused.text)) == (409, True)
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(ShiftSwap.status)).all() == ["withdrawn"]
    assert shifts(floor) == []


def test_only_a_colleague_s_stretches_are_offered_and_hers_must_be_hers(client: TestClient) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS | {"members": ["1", "2", "3"]})
    sign_in(client, "lemoine")
    form = client.get(f"/my-on-call/swaps/new?given={FIRST}").text
    assert f'value="{SECOND}"' in form
    assert "Nguyen" not in form, "who does not sign in could not agree"
    assert client.get(f"/my-on-call/swaps/new?given={SECOND}").status_code == 404
    refused = client.post("/my-on-call/swaps", data={"given": FIRST})
    assert (refused.status_code, "choisissez de nouveau" in plain(refused.text)) == (409, True)


def test_a_doctor_without_an_agenda_or_a_roster_is_told_so(client: TestClient, floor: Floor) -> None:
    sign_in(client, "benali")
    assert "Votre cabinet n’a pas d’astreinte ici" in plain(client.get("/my-on-call").text)
    assert "Astreinte" not in plain(client.get("/my-agenda").text)
    with floor.database.unit_of_work(ALL) as session:
        session.get_one(Practitioner, 4).staff_id = None
    for address in ("/my-on-call", "/my-on-call/region"):
        assert client.get(address).status_code == 200
    assert client.get("/my-on-call/calendar.ics").status_code == 404


def test_the_secret_address_is_shown_once_and_needs_no_sign_in(client: TestClient) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    shown = client.post(f"{ADDRESS}/feed").text
    (address,) = re.findall(r"http://testserver(/on-call/feed/[a-z2-7]{32}\.ics)", shown)
    assert address not in client.get(ADDRESS).text
    client.post("/sign-out")
    answer = client.get(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(events[0]["SUMMARY"]) == "Astreinte\u202f: Dr Lemoine"
    assert client.get(address.replace(address[14:18], "aaaa")).status_code == 404
    assert client.get("/on-call/feed/x.ics").status_code == 404

    sign_in(client, "solene")
    (newer,) = re.findall(r"http://testserver(/on-call/feed/[a-z2-7]{32}\.ics)", client.post(f"{ADDRESS}/feed").text)
    assert (client.get(address).status_code, client.get(newer).status_code) == (404, 200)
    client.post(f"{ADDRESS}/feed/revocation")
    assert client.get(newer).status_code == 404


def test_a_signed_in_person_downloads_the_roster_and_a_doctor_her_own(client: TestClient) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    sign_in(client, "lemoine")
    own = client.get("/my-on-call/calendar.ics")
    sign_in(client, "solene")
    whole = client.get(f"{ADDRESS}/calendar.ics")
    names = [
        {str(one["SUMMARY"]) for one in Calendar.from_ical(answer.content).walk("VEVENT")} for answer in (own, whole)
    ]
    assert names == [
        {"Astreinte\u202f: Dr Lemoine"},
        {"Astreinte\u202f: Dr Lemoine", "Astreinte\u202f: Dr Arnaud"},
    ]
    assert "attachment" in whole.headers["content-disposition"]


def test_a_file_is_looked_at_and_then_taken_over(client: TestClient, floor: Floor) -> None:
    client.post(f"{ADDRESS}/rotations", data=WEEKS)
    file = ics(("Dr Nguyen", "20261128T080000", "20261129T080000"), (HOSTILE, "20261205T080000", "20261206T080000"))
    preview = client.post(f"{ADDRESS}/import/preview", files={"file": ("garde.ics", file, "text/calendar")})
    assert preview.status_code == 200
    assert shifts(floor) == [], "a preview writes nothing"
    text = plain(preview.text)
    assert "Dr Nguyen 1" in text
    assert "Pas compris, et laissé de côté 1" in text
    assert "sam. 28 nov. 08:00 – dim. 29 nov. 08:00 Dr Lemoine Dr Nguyen" in text
    assert "<script>alert" not in preview.text
    (carried,) = re.findall(r'name="shifts" value="([^"]+)"', preview.text)
    for _twice in range(2):
        assert client.post(f"{ADDRESS}/import", data={"shifts": carried}).url.path == ADDRESS
    assert shifts(floor) == [(3, "imported")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choisissez un fichier"),
        (b"%PDF-1.7", "pas un fichier de calendrier"),
        (b"X" * 1_000_001, "dépasse 1 Mo"),
        (ics(("Lemoine", "20200101T080000", "20200102T080000")), "aucun événement"),
    ],
)
def test_a_bad_file_gets_a_sentence(client: TestClient, content: bytes, sentence: str) -> None:
    answer = client.post(f"{ADDRESS}/import/preview", files={"file": ("garde.ics", content, "text/calendar")})
    assert (answer.status_code, sentence in plain(answer.text)) == (422, True)
    assert client.post(f"{ADDRESS}/import", data={"shifts": "4:1:2 x"}).status_code == 422
    assert client.post(f"{ADDRESS}/import/preview").status_code == 422


def test_the_practice_s_page_says_who_is_on_call_where_there_is_a_roster(client: TestClient) -> None:
    assert "D’astreinte" not in plain(client.get("/practices/1").text)
    client.post(f"{ADDRESS}/overrides", data={"who": "1", "starts": "2026-11-23T09:00", "ends": "2026-11-23T18:00"})
    assert "D’astreinte : Dr Lemoine , jusqu’à 18:00 , puis personne" in plain(client.get("/practices/1").text)
    assert "D’astreinte" not in plain(client.get("/practices/2").text)


def test_the_operator_s_card_says_who_is_on_call_where_there_is_a_roster(client: TestClient, floor: Floor) -> None:
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        set_password(session, floor.staff["Ines"], PASSWORD, at=floor.now)
        choose_language(session, floor.staff["Ines"], "fr")
    floor.ring()
    sign_in(client, "ines")
    card = client.get("/desk/card").text
    assert "topic:on-call-1 from:body" in card, "it follows the roster"
    assert "D’astreinte" not in card
    typed = OverrideParticulars("1", "2026-11-23T09:00", "2026-11-23T18:00")
    with floor.database.unit_of_work(ALL) as session:
        add_override(session, 1, typed, at=floor.now, staff_id=floor.staff["solene"])
    card = client.get("/desk/card").text
    assert "D’astreinte : Dr Lemoine , jusqu’à 18:00 , puis personne" in plain(f"<main{card}")

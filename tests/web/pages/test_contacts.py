"""A practice's contacts in an administrator's browser, and on the list of whoever puts a caller through."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.directory.accounts import choose_language, create_staff, set_password
from callcenter.directory.models import Contact, Practice, Role
from callcenter.main import create_app
from callcenter.telephony.models import Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor

PASSWORD = "marronniers en fleur"
HOSTILE = '</Say><Dial> 👍 <script>alert("1")</script>'
SHOWN = "&lt;/Say&gt;&lt;Dial&gt; 👍 &lt;script&gt;"
LABORATORY = {"name": "Laboratoire Biolor", "number": "01 99 00 43 01", "digits": "ww12", "note": "Résultats"}
ADDRESS = "/practices/1/contacts"


@pytest.fixture
def floor(database: Database) -> Floor:
    """The practice of the Lilas, another one, and who administers, supervises and answers."""
    floor = Floor(database)
    with database.unit_of_work(ALL) as session:
        session.add(Practice(code="rosiers", name="Maison des Rosiers", short_name="Rosiers", created_at=floor.now))
        for login, role in (
            ("agnes", Role.ADMINISTRATOR),
            ("solene", Role.SUPERVISOR),
            ("camille", Role.OPERATOR),
        ):
            create_staff(
                session, login=login, name=login.title(), role=role, password=PASSWORD, language="fr", at=floor.now
            )
    return floor


@pytest.fixture
def client(floor: Floor, database_url: str) -> Iterator[TestClient]:
    settings = floor.settings.model_copy(
        update={"database_url": database_url, "public_url": "http://testserver", "jobs": False}
    )
    with TestClient(create_app(settings, clock=ManualClock(floor.now), provider=floor.provider)) as opened:
        sign_in(opened, "agnes")
        yield opened


def sign_in(client: TestClient, login: str) -> None:
    client.post("/sign-out")
    assert client.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 200


def contacts(floor: Floor) -> list[tuple[int, str, str]]:
    with floor.database.reading(ALL) as session:
        found = session.scalars(select(Contact).order_by(Contact.id))
        return [(one.practice_id, one.name, one.number) for one in found]


def test_a_practice_without_contacts_is_told_what_they_are_for(client: TestClient) -> None:
    text = client.get(ADDRESS).text
    assert "Pas encore de contact." in text
    assert "F4" in text
    assert 'name="number"' in text


def test_it_is_added_listed_corrected_and_removed(client: TestClient, floor: Floor) -> None:
    for _twice in range(2):  # a double click
        added = client.post(ADDRESS, data=LABORATORY)
        assert (added.url.path, "Enregistré" in added.text) == (ADDRESS, True)
    assert contacts(floor) == [(1, "Laboratoire Biolor", "+33199004301")]
    assert "01 99 00 43 01" in added.text

    form = client.get(f"{ADDRESS}/1").text
    assert 'value="Laboratoire Biolor"' in form
    assert 'value="01 99 00 43 01"' in form
    changed = client.post(f"{ADDRESS}/1", data=LABORATORY | {"name": "Biolor", "number": "01 99 00 43 02"})
    assert changed.url.path == ADDRESS
    assert contacts(floor) == [(1, "Biolor", "+33199004302")]

    removed = client.post(f"{ADDRESS}/1/removal")
    assert (removed.url.path, contacts(floor)) == (ADDRESS, [])
    assert client.post(f"{ADDRESS}/1/removal").status_code == 404
    assert client.post(f"{ADDRESS}/1", data=LABORATORY).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"name": ""}, "name", "Dites qui répond"),
        ({"number": "15"}, "number", "F12"),
        ({"number": "12"}, "number", "n’existe pas"),
        ({"number": HOSTILE}, "number", "pas un numéro de téléphone"),
        ({"number": "01 99 00 43 09"}, "number", "Secrétariat a déjà ce numéro"),
        ({"digits": "12 poste"}, "digits", "w attend une demi-seconde"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(
    client: TestClient, floor: Floor, wrong: dict[str, str], field: str, sentence: str
) -> None:
    client.post(ADDRESS, data={"name": "Secrétariat", "number": "01 99 00 43 09"})
    client.post(ADDRESS, data=LABORATORY)
    before = contacts(floor)
    for address in (ADDRESS, f"{ADDRESS}/2"):
        answer = client.post(address, data=LABORATORY | {"note": "Ce que j’ai noté"} | wrong)
        assert answer.status_code == 422
        _before, marked, after = answer.text.partition(f'id="{field}-why"')
        assert marked
        assert sentence in after.partition("</p>")[0]
        assert 'value="Ce que j’ai noté"' in answer.text
        assert "<script>alert" not in answer.text
    assert contacts(floor) == before


def test_a_hostile_name_stays_text_for_who_administers_and_who_puts_a_caller_through(
    client: TestClient, floor: Floor
) -> None:
    client.post(ADDRESS, data=LABORATORY | {"name": HOSTILE, "note": HOSTILE})
    page = client.get(ADDRESS).text
    assert SHOWN in page
    assert "<script>alert" not in page

    call_id = hers(floor)
    sign_in(client, "ines")
    dialog = client.get(f"/calls/{call_id}/transfer").text
    assert SHOWN in dialog
    assert "<script>alert" not in dialog


def test_another_practices_contact_is_neither_shown_nor_changed_nor_called(client: TestClient, floor: Floor) -> None:
    client.post("/practices/2/contacts", data=LABORATORY | {"name": "Laboratoire des Rosiers"})
    client.post(ADDRESS, data=LABORATORY)
    assert [one[0] for one in contacts(floor)] == [2, 1]
    assert "Laboratoire des Rosiers" not in client.get(ADDRESS).text
    for answer in (
        client.get(f"{ADDRESS}/1"),
        client.post(f"{ADDRESS}/1", data=LABORATORY),
        client.post(f"{ADDRESS}/1/removal"),
    ):
        assert answer.status_code == 404
    assert len(contacts(floor)) == 2

    call_id = hers(floor)
    sign_in(client, "ines")
    dialog = client.get(f"/calls/{call_id}/transfer").text
    assert "Laboratoire Biolor" in dialog
    assert "Laboratoire des Rosiers" not in dialog
    refused = client.post(f"/calls/{call_id}/transfer", data={"target": "contact:1", "nth": "1", "leaves": "false"})
    assert refused.status_code == 404
    with floor.database.reading(ALL) as session:
        assert session.scalars(select(Leg).where(Leg.role == LegRole.CONTACT)).all() == []


def test_who_supervises_reads_them_and_who_answers_has_no_such_page(client: TestClient, floor: Floor) -> None:
    client.post(ADDRESS, data=LABORATORY)
    sign_in(client, "solene")
    page = client.get(ADDRESS)
    assert (page.status_code, "Laboratoire Biolor" in page.text, 'name="number"' in page.text) == (200, True, False)
    assert client.post(ADDRESS, data=LABORATORY | {"number": "01 99 00 43 03"}).status_code == 403
    assert client.post(f"{ADDRESS}/1/removal").status_code == 403
    sign_in(client, "camille")
    assert client.get(ADDRESS).status_code == 403
    assert len(contacts(floor)) == 1


def hers(floor: Floor) -> int:
    """Inès talks with a caller of the Lilas; the id of the call."""
    floor.hire("Ines")
    with floor.database.unit_of_work(ALL) as session:
        set_password(session, floor.staff["Ines"], PASSWORD, at=floor.now)
        choose_language(session, floor.staff["Ines"], "fr")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.ANSWERED, LegNews.JOINED)
    return call_id

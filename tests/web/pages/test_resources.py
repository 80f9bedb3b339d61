"""Rooms, devices and overbooking on screen: what is typed there decides what can be booked."""

from collections.abc import Iterator
from datetime import date, time

import httpx
import pytest
from sqlalchemy import select

from callcenter.agenda.resource_models import NeedKind, OverbookingRule, Resource, ServiceNeed
from callcenter.core.audit import AuditEntry
from callcenter.directory.models import Role
from tests.agenda.cast import SEED, Cast, tilleuls
from tests.web.serving import Served, serve


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, with the Cabinet des Tilleuls."""
    with serve(sqlite_url) as product:
        yield product


@pytest.fixture
def cast(served: Served) -> Cast:
    return tilleuls(served.database)


def _browser(served: Served, role: Role = Role.ADMINISTRATOR) -> httpx.Client:
    cookies = served.cookie(served.staff(role.value, role))
    return httpx.Client(base_url=served.url, cookies=cookies, follow_redirects=True)


def test_a_scanner_is_added_asked_for_and_put_out_of_use(served: Served, cast: Cast) -> None:
    page = f"/practices/{cast.practice_id}/resources"
    with _browser(served) as browser:
        typed = {"kind": "device", "name": "Échographe </td>", "category": "écho"}
        answer = browser.post(page, data=typed)
        assert answer.status_code == 200
        assert "Échographe &lt;/td&gt;" in answer.text
        again = browser.post(page, data=typed)
        assert again.status_code == 422
        assert "déjà un de ce nom" in again.text
        browser.post(f"{page}/needs", data={"service_type": str(cast.consultation_id), "what": "device:écho"})
        with served.database.reading(SEED) as session:
            scanner = session.scalars(select(Resource)).one()
            need = session.scalars(select(ServiceNeed)).one()
            assert (need.kind, need.category, need.service_type_id) == (NeedKind.DEVICE, "écho", cast.consultation_id)
        browser.post(f"{page}/{scanner.id}", data=typed | {"name": "Échographe"})
        browser.post(f"{page}/{scanner.id}/use", data={"is_active": "false"})
        answer = browser.post(f"{page}/needs/{need.id}/removal")
        assert "hors service" in answer.text
    with served.database.reading(SEED) as session:
        assert session.scalars(select(ServiceNeed)).all() == []
        scanner = session.scalars(select(Resource)).one()
        assert (scanner.name, scanner.is_active) == ("Échographe", False)
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("agenda.%"))).all()
    assert acts == [
        "agenda.resource_added",
        "agenda.need_added",
        "agenda.resource_changed",
        "agenda.resource_retired",
        "agenda.need_removed",
    ]


@pytest.mark.parametrize(
    "typed",
    [
        {"service_type": "999", "what": "room:"},
        {"service_type": "", "what": ""},
        {"service_type": "1", "what": "device:écho"},
        {"service_type": "1", "what": "practitioner:999"},
        {"service_type": "1", "what": "=HYPERLINK("},
    ],
)
def test_what_is_not_the_practice_s_is_not_needed(served: Served, cast: Cast, typed: dict[str, str]) -> None:
    with _browser(served) as browser:
        answer = browser.post(f"/practices/{cast.practice_id}/resources/needs", data=typed)
    assert answer.status_code == 422
    with served.database.reading(SEED) as session:
        assert session.scalars(select(ServiceNeed)).all() == []


def test_hours_and_days_are_typed_as_people_write_them_whatever_the_browser_speaks(served: Served, cast: Cast) -> None:
    page = f"/practices/{cast.practice_id}/overbooking"
    typed = {"schedule": str(cast.schedule_id), "name": "Entre deux", "per_day": "2"}
    with _browser(served) as browser:
        shown = browser.get(page).text
        assert 'type="time"' not in shown
        assert 'type="date"' not in shown
        refused = browser.post(page, data=typed | {"starts": "9h", "ends": "midi"})
        assert "midi n’est pas une heure" in refused.text
        assert 'value="midi"' in refused.text
        browser.post(page, data=typed | {"starts": "9h", "ends": "12h30", "valid_until": "24/12/2099"})
    with served.database.reading(SEED) as session:
        rule = session.scalars(select(OverbookingRule)).one()
        assert (rule.starts, rule.ends, rule.valid_until) == (time(9), time(12, 30), date(2099, 12, 24))


def test_one_thing_has_one_name_on_the_page_of_rooms(served: Served, cast: Cast) -> None:
    with _browser(served) as browser:
        shown = browser.get(f"/practices/{cast.practice_id}/resources").text
    assert "Ce qu’il faut pour chaque type de visite" in shown
    assert "motif" not in shown.lower()


def test_a_rule_is_written_and_ended(served: Served, cast: Cast) -> None:
    page = f"/practices/{cast.practice_id}/overbooking"
    typed = {
        "schedule": str(cast.schedule_id),
        "name": "Entre deux patients",
        "weekday": "0",
        "starts": "09:00",
        "ends": "12:00",
        "per_day": "2",
    }
    with _browser(served) as browser:
        for wrong in (
            *({"starts": "9 heures"}, {"ends": ""}, {"ends": "08:00"}, {"valid_until": "31.12."}),
            *({"per_day": "0"}, {"schedule": "77"}, {"name": " "}),
        ):
            assert browser.post(page, data=typed | wrong).status_code == 422, wrong
        answer = browser.post(page, data=typed)
        assert "Entre deux patients" in answer.text
        assert "Lundi" in answer.text
        with served.database.reading(SEED) as session:
            rule = session.scalars(select(OverbookingRule)).one()
        assert "Rien n’est ajouté en surnombre" in browser.post(f"{page}/{rule.id}/end").text
    with _browser(served, Role.SUPERVISOR) as browser:
        assert browser.get(page).status_code == 200
        assert browser.post(page, data=typed).status_code == 403

"""What stands in the wide agenda besides visits and free times, over HTTP."""

from __future__ import annotations

import re
from datetime import date, time
from types import SimpleNamespace

from sqlalchemy import select

from callcenter.agenda.models import DayException, Opening, OpeningChannel, OpeningServiceType, Schedule, ServiceType
from callcenter.agenda.resource_models import NeedKind, OverbookingRule, ServiceNeed
from callcenter.agenda.rules.opening_rules import Channel, ExceptionKind, OpeningKind
from callcenter.agenda.views.day import day_view
from callcenter.agenda.writing.attendance import mark_arrived
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.core.db import Database
from callcenter.core.i18n import load_catalogues, set_language
from callcenter.web.rendering import open_templates
from tests.agenda.cast import MONDAY, NINE, SEED, book, paris, tilleuls
from tests.agenda.finding.test_company import add, add_ines, need
from tests.web.pages.test_agenda import Scene, scene

__all__ = ["scene"]


def test_a_colleague_s_visit_is_reached_like_her_own_and_follows_what_becomes_of_it(scene: Scene) -> None:
    database, cast = scene.served.database, scene.cast
    with database.unit_of_work(SEED) as session:
        caron_id = add_ines(session, cast)
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=caron_id)
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(10)).id
    hers = f"?view=day&practitioner={caron_id}"
    shown = scene.get(hers)
    block = re.search(r'<a id="a[^>]*>', shown)
    assert block is not None
    assert f'data-cell data-appointment="{visit}"' in block[0]
    assert 'title="Avec Dr Lemoine, 10:00 Vasseur H., Consultation, Réservé"' in block[0]
    assert "<b>Avec Dr Lemoine</b>" in shown
    assert "<td>Vasseur H. (Avec Dr Lemoine)</td>" in scene.get(hers, path="/agenda/print")
    with database.unit_of_work(cast.scope) as session:
        mark_arrived(session, visit, staff_id=None, at=NINE)
    # What the process remembers of her column is of her agenda, which has not changed.
    assert "Vasseur H., Consultation, Arrivé" in scene.get(hers)


def test_kept_hours_say_so_and_the_cursor_passes_over_them(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        morning = session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(8, 30))).one()
        morning.kind, morning.release_days, morning.release_at = OpeningKind.EMERGENCY, 0, time(8)
        afternoon = session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(14))).one()
        own = {"practice_id": scene.cast.practice_id, "opening_id": afternoon.id}
        session.add(OpeningServiceType(service_type_id=scene.cast.first_visit_id, **own))
    shown = scene.get("?view=day&day=2026-11-24")
    blocks = re.findall(r'<li class="closed withheld"[^>]*title="([^"]*)"><span>(.*?)</span></li>', shown)
    assert blocks == [
        (
            "08:30–12:30 Gardé pour les urgences, s’ouvre mardi à 08:00",
            "Gardé pour les urgences <small>s’ouvre mardi à 08:00</small>",
        ),
        ("14:00–18:00 Autres types de visite (Première visite)", "Autres types de visite"),
    ]
    assert "data-cell" not in re.sub(r'(?s)^.*<ol class="col', "", shown)


def test_how_many_may_still_be_given_by_telephone_is_said_once(scene: Scene) -> None:
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        morning = session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(8, 30))).one()
        own = {"practice_id": scene.cast.practice_id, "opening_id": morning.id}
        session.add(OpeningChannel(channel=Channel.PHONE, quota=2, **own))
    shown = re.sub(r"<[^>]*>", "", scene.get("?day=2026-11-24"))
    assert shown.count("par téléphone") == 1
    assert "encore 2 par téléphone, 08:30–12:30" in shown


def known_of(scene: Scene, appointment_id: int) -> dict[str, str]:
    """What stands beside the grid, by its heading."""
    beside = scene.browser.get(f"/agenda/appointments/{appointment_id}", headers={"HX-Request": "true"}).text
    found = re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", beside)
    return {name: re.sub(r"<[^>]*>", "", value).strip() for name, value in found}


def test_what_an_appointment_takes_besides_its_practitioner_is_known(scene: Scene) -> None:
    database, cast = scene.served.database, scene.cast
    with database.unit_of_work(SEED) as session:
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=add_ines(session, cast))
        add(session, cast, "Salle de soins", "soins", NeedKind.ROOM)
        add(session, cast, "Échographe", "echo")
        need(session, cast, NeedKind.ROOM, "soins")
        need(session, cast, NeedKind.DEVICE, "echo")
    with database.unit_of_work(cast.scope) as session:
        visit = book(session, cast, paris(10)).id
        cancelled = book(session, cast, paris(11)).id
        cancel_appointment(session, cancelled, staff_id=None, at=NINE)
    found = known_of(scene, visit)
    assert (found["Avec"], found["Salle"], found["Appareil"]) == (
        "Dr Lemoine, Dr Caron",
        "Salle de soins",
        "Échographe",
    )
    assert {"Groupe", "En plus"}.isdisjoint(found)
    assert known_of(scene, cancelled)["Avec"] == "Dr Lemoine"


def test_of_a_group_its_places_are_known_and_of_an_added_visit_its_rule(scene: Scene) -> None:
    database, cast = scene.served.database, scene.cast
    with database.unit_of_work(SEED) as session:
        session.get_one(ServiceType, cast.first_visit_id).capacity = 6
        add(session, cast, "Grande salle", "groupe", NeedKind.ROOM)
        own = {"practice_id": cast.practice_id}
        session.add(ServiceNeed(service_type_id=cast.first_visit_id, kind=NeedKind.ROOM, category="groupe", **own))
        session.add(by := OverbookingRule(name="Entre deux", schedule_id=cast.schedule_id, per_day=1, **own))
        session.flush()
        rule_id = by.id
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10), key="first", service_type_id=cast.first_visit_id)
        second = book(
            session,
            cast,
            paris(10),
            key="second",
            patient_id=cast.landline_id,
            service_type_id=cast.first_visit_id,
        ).id
        book(session, cast, paris(14))
        added = book(session, cast, paris(14), key="added", overbooking_rule_id=rule_id).id
    group = known_of(scene, second)
    assert (group["Groupe"], group["Salle"]) == ("2 sur 6", "Grande salle")
    assert known_of(scene, added)["En plus"] == "Entre deux"


def test_a_partial_closing_says_why_in_its_block(scene: Scene) -> None:
    tuesday = date(2026, 11, 24)
    with scene.served.database.unit_of_work(scene.cast.scope) as session:
        session.add(
            DayException(
                practice_id=scene.cast.practice_id,
                kind=ExceptionKind.CLOSED,
                first_on=tuesday,
                last_on=tuesday,
                starts=time(16),
                ends=time(20),
                reason="Formation des secrétaires",
                noted_at=NINE,
            )
        )
    shown = scene.get(f"?day={tuesday}")
    closed = re.findall(r'<li class="closed" style="[^"]*" title="([^"]*)"><span>(.*?)</span></li>', shown)
    assert [(title, re.sub(r"<[^>]*>", "", text).split()) for title, text in closed] == [
        ("Fermé, Formation des secrétaires", ["Fermé", "Formation", "des", "secrétaires"])
    ]


def test_beside_a_call_stand_the_colleague_what_is_kept_and_what_is_left_of_the_share(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        caron_id = add_ines(session, cast)
        need(session, cast, NeedKind.PRACTITIONER, practitioner_id=caron_id)
        (opening,) = session.scalars(
            select(Opening).join(Schedule).where(Schedule.practitioner_id == caron_id, Opening.weekday == 0)
        )
        opening.ends = time(11)
        own = {"practice_id": cast.practice_id, "schedule_id": opening.schedule_id}
        session.add(Opening(weekday=0, starts=time(11), ends=time(12), kind=OpeningKind.RESERVE, **own))
        session.add(OpeningChannel(practice_id=cast.practice_id, opening_id=opening.id, channel=Channel.PHONE, quota=2))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10))
        # First visits need nobody: Dr Caron gives them alone.
        view = day_view(session, practitioner_id=caron_id, day=MONDAY, service_type_id=cast.first_visit_id, at=NINE)
    load_catalogues()
    set_language("fr")
    agenda = SimpleNamespace(view=view, types=(), more={}, choice=None, type_id=cast.first_visit_id)
    shown = open_templates().get_template("agenda/_day.html").render(agenda=agenda, now=NINE)
    lines = [" ".join(re.sub(r"<[^>]*>", " ", line).split()) for line in re.findall(r"(?s)<li .*?</li>", shown)]
    assert [line for line in lines if "Libre" not in line and "Premier libre" not in line] == [
        "10:00 10:00 Réservé Avec Dr Lemoine Vasseur H., Cs",
        "11:00 Réserve jusqu’à 12:00",
    ]
    assert re.sub(r"<[^>]*>", "", shown).count("encore 2 par téléphone") == 1

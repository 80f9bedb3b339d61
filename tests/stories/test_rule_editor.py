"""A cooperative practice opens every second Monday evening online, and ends a morning in which somebody is expected."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.agenda.models import Appointment, AppointmentStatus, Opening, OpeningChannel, ServiceType
from callcenter.agenda.writing.booking import book_appointment
from callcenter.directory.models import Patient, Role
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, Tilleuls, open_tilleuls

NEXT_MONDAY_TEN = datetime(2026, 11, 30, 9, tzinfo=UTC)  # 10:00 in Paris


def test_an_evening_every_second_week_and_the_end_of_a_morning(town: Town) -> None:
    practice = open_tilleuls(town)
    _somebody_is_expected(town, practice)
    town.account("amelie", "Amélie Petit", Role.ADMINISTRATOR)
    page = town.sign_in("amelie")
    page.goto(f"/practices/{practice.practice_id}/practitioners/{practice.doctor_id}/hours")

    # By keyboard: the day stands, hours are typed, and the weeks follow without anything being saved.
    expect(page.get_by_role("link", name="Ajouter une ouverture", exact=True)).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#starts")).to_be_focused()
    page.keyboard.type("17h")
    page.keyboard.press("Tab")
    page.keyboard.type("20:00")
    preview = page.locator("#rule-preview")
    expect(preview.locator(".banner")).to_contain_text(
        "Le lun. 23 nov., elle chevaucherait l’ouverture de 08:00 à 18:00"
    )
    page.locator("#starts").fill("18:00")
    expect(preview.locator(".piece.added")).to_have_count(5)  # four Mondays, and the legend
    page.locator("#cycle_weeks").select_option("2")
    weeks = page.locator("#anchor option")
    expect(weeks).to_have_text(["cette semaine (semaine 48, 23/11)", "la semaine prochaine (semaine 49, 30/11)"])
    page.locator("#anchor").select_option(index=1)
    expect(preview.locator(".alternates")).to_contain_text("lun. 30 nov. (semaine 49), lun. 14 déc. (semaine 51)")
    expect(preview.locator(".piece.added")).to_have_count(3)
    expect(preview.locator("tbody tr")).to_have_count(4)
    expect(preview.locator("tbody th")).to_have_text(["S48", "S49", "S50", "S51"])

    # Online only, four at most; what is rare is folded and opens by keyboard.
    page.locator("#who-books summary").focus()
    page.keyboard.press("Enter")
    page.locator("[name=channels][value=phone]").uncheck()
    page.locator("[name=channels][value=internal]").uncheck()
    page.locator("#quota_online").fill("4")
    page.keyboard.press("Enter")
    expect(page.locator(".banner.ok")).to_contain_text("L’ouverture est ajoutée.")
    monday = page.locator(".rule-days .day").first
    expect(monday).to_contain_text("Une semaine sur deux")
    expect(monday).to_contain_text("En ligne, 4 au plus")
    expect(monday).to_contain_text("lun. 30 nov. (semaine 49), lun. 14 déc. (semaine 51)")
    _is_kept(town)

    # The day's opening ends today: whom it leaves outside is named before, and stays booked after.
    monday.get_by_role("link", name="Mettre fin à lundi à partir de 08:00").click()
    orphans = page.locator("#rule-preview .orphan-box")
    expect(orphans).to_contain_text("1 rendez-vous se trouverait hors des heures ouvertes")
    expect(orphans.locator("li")).to_contain_text("lun. 30 nov. 10:00")
    expect(orphans.locator("li")).to_contain_text("Vasseur H.")
    page.locator("#last_day").fill("2026-11-30")
    expect(orphans).to_contain_text("Aucun rendez-vous")
    page.locator("#last_day").fill("2026-11-23")
    expect(orphans.locator("li")).to_have_count(1)
    page.get_by_role("button", name="Mettre fin à l’ouverture").click()
    expect(page.locator(".banner.ok")).to_contain_text("L’ouverture prend fin comme vous l’avez dit. 1 rendez-vous")
    expect(page.locator("#outside")).to_contain_text("Vasseur H.")
    with town.database.reading(ALL) as session:
        assert [one.status for one in session.scalars(select(Appointment))] == [AppointmentStatus.BOOKED]
    _fits_a_telephone(page)


def _somebody_is_expected(town: Town, practice: Tilleuls) -> None:
    with town.database.unit_of_work(ALL) as session:
        book_appointment(
            session,
            practice_id=practice.practice_id,
            practitioner_id=practice.doctor_id,
            patient_id=session.scalars(select(Patient.id).where(Patient.family_name == "Vasseur")).one(),
            service_type_id=session.scalars(select(ServiceType.id)).one(),
            start=int(NEXT_MONDAY_TEN.timestamp()),
            call_id=None,
            staff_id=None,
            request_key="story",
            at=town.now(),
        )


def _is_kept(town: Town) -> None:
    with town.database.reading(ALL) as session:
        opening = session.scalars(select(Opening).order_by(Opening.id.desc())).first()
        assert opening is not None
        assert (opening.weekday, opening.cycle_weeks, str(opening.anchor_on)) == (0, 2, "2026-11-30")
        channels = session.scalars(select(OpeningChannel).where(OpeningChannel.opening_id == opening.id)).all()
        assert [(one.channel, one.quota) for one in channels] == [("online", 4)]


def _fits_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

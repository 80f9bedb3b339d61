"""A practice as an administrator would have set it up, for the stories that begin later in the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.agenda.editing.service_types import ServiceTypeParticulars, add_service_type
from callcenter.agenda.editing.setup import WeeklyHours, open_schedule, set_openings
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.lines import add_line
from callcenter.directory.models import EmergencyLine, Practice, PracticeMode, Role, Site
from callcenter.directory.patients import create_patient
from callcenter.directory.practices import PracticeParticulars, create_practice
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner
from callcenter.directory.sites import SiteParticulars, add_site
from tests.stories.conftest import LINE, PATIENT, Town

ALL = Centre(CentreReason.SEED)
SECOND_PATIENT = "+33639980001"
REGULATOR = "+33261911544"  # the regulator's numbers kept for fiction
SECOND_LINE = "+33261911545"


@dataclass(frozen=True)
class Tilleuls:
    """Ids of the practice and of its doctor."""

    practice_id: int
    doctor_id: int


def open_tilleuls(town: Town, *, doctor_account: int | None = None) -> Tilleuls:
    """A practice in training with one doctor, one type of visit, two patients and an emergency line."""
    at = town.now()
    with town.database.unit_of_work(ALL) as session:
        typed = PracticeParticulars(
            name="Cabinet des Tilleuls",
            short_name="Tilleuls",
            mode=PracticeMode.TRAINING,
            emergency_label="Centre 15",
            emergency_number=REGULATOR,
        )
        practice = create_practice(session, typed, at=at, staff_id=None)
        add_line(session, practice, number=LINE, at=at, staff_id=None)
        site = add_site(session, practice, SiteParticulars(name="Tilleuls", city="Rezé"), at=at, staff_id=None)
        particulars = PractitionerParticulars(
            name="Dr Lemoine", family_name="Lemoine", site_id=site.id, account_id=doctor_account
        )
        doctor = add_practitioner(session, practice.id, particulars, at=at, staff_id=None)
        schedule = open_schedule(
            session, practice_id=practice.id, practitioner_id=doctor.id, site_id=site.id, zone=site.zone
        )
        week = [WeeklyHours(day, time(8), time(18)) for day in range(7)]
        set_openings(session, schedule, week, at=at, staff_id=None)
        visit = ServiceTypeParticulars(name="Consultation", short_name="Cs", duration_minutes="15")
        add_service_type(session, practice.id, visit, at=at, staff_id=None)
        for family, given, phone in (("Vasseur", "Hélène", PATIENT), ("Moreau", "Paul", SECOND_PATIENT)):
            create_patient(
                session, practice.id, family_name=family, given_name=given, phone=phone, at=at, staff_id=None
            )
        return Tilleuls(practice.id, doctor.id)


def keep_emergency_lines(town: Town, practice_id: int, *lines: tuple[str, str, str]) -> None:
    """The centre's directory: département, whose and number; the practice's site lies in Rezé."""
    with town.database.unit_of_work(ALL) as session:
        for site in session.scalars(select(Site).where(Site.practice_id == practice_id)):
            site.postal_code = "44400"
        for position, (department, label, number) in enumerate(lines):
            session.add(
                EmergencyLine(country="FR", department=department, label=label, number=number, position=position)
            )


def set_real_emergency_line(town: Town, practice_id: int, number: str) -> None:
    """A practice that was in service, with its real line, is put in training: what forms would refuse is there."""
    with town.database.unit_of_work(ALL) as session:
        session.get_one(Practice, practice_id).emergency_number = number


def operator(town: Town, login: str, name: str) -> Page:
    """An operator at her desk, available."""
    town.account(login, name, Role.OPERATOR, endpoint=f"client:{login}")
    desk = town.sign_in(login)
    desk.keyboard.press("F9")
    expect(desk.locator("#desk-card")).to_have_attribute("data-state", "available")
    return desk


def answer(desk: Page) -> None:
    """The call that rings for her is taken, by keyboard."""
    card = desk.locator("#desk-card")
    expect(card).to_have_attribute("data-state", "ringing")
    desk.keyboard.press("F2")
    expect(card).to_have_attribute("data-state", "talking", timeout=15_000)  # her browser answers by itself


def choose_person(desk: Page, name: str) -> None:
    """The first person known on this number, by her digit."""
    desk.keyboard.press("1")
    expect(desk.locator("#desk-card .phrase")).to_contain_text(name)


def a_second_later(desk: Page) -> None:
    """F4 and F8 answer once a second: for her page, one has passed."""
    desk.evaluate("() => { const now = performance.now.bind(performance); performance.now = () => now() + 1000; }")

"""What is done to appointments in the wide agenda: moved by keyboard and by mouse, exchanged, given back, undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from callcenter.agenda.models import Appointment, AppointmentStatus, ServiceType
from callcenter.agenda.writing.booking import book_appointment
from callcenter.directory.models import Patient
from tests.stories.conftest import Town
from tests.stories.tilleuls import ALL, Tilleuls, open_tilleuls, operator


def paris(hour: int, minute: int = 0, day: int = 24) -> int:
    """A time of November 2026 on a wall in Paris, in UTC seconds."""
    return int(datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC).timestamp())


@pytest.fixture
def scene(town: Town) -> Scene:
    """Inès looks at the week; on Tuesday Hélène Vasseur comes at ten, Paul Moreau at eleven."""
    tilleuls = open_tilleuls(town)
    ids = _book(town, tilleuls, Vasseur=paris(10), Moreau=paris(11))
    page = operator(town, "ines", "Inès Haddad")
    page.keyboard.press("g")
    scene = Scene(town, tilleuls, page, ids)
    expect(scene.at(paris(10))).to_contain_text("Vasseur H.")
    return scene


class Scene:
    """One browser, and what the database says."""

    def __init__(self, town: Town, tilleuls: Tilleuls, page: Page, ids: dict[str, int]) -> None:
        self.town, self.tilleuls, self.page, self.ids = town, tilleuls, page, ids

    def at(self, start: int) -> Locator:
        """What stands at this time."""
        return self.page.locator(f"#c{self.tilleuls.doctor_id}-{start}")

    def now(self, name: str) -> tuple[int, AppointmentStatus]:
        """When somebody comes, and whether."""
        with self.town.database.reading(ALL) as session:
            found = session.get_one(Appointment, self.ids[name])
            return found.start, AppointmentStatus(found.status)


def test_an_appointment_is_moved_by_keyboard_and_the_move_undone(scene: Scene) -> None:
    page = scene.page
    scene.at(paris(10)).focus()
    page.keyboard.press("m")
    expect(page.locator(".wide-act")).to_contain_text("Vasseur H. : choisissez la nouvelle heure")
    # Only where it fits: from a quarter before, four keys down are past Paul Moreau, who comes at eleven.
    expect(scene.at(paris(9, 45))).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(scene.at(paris(11, 15))).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#wide-book-it")).to_be_focused()
    expect(page.locator("[name=tell]")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#wide-notices")).to_contain_text("C’est déplacé.")
    expect(scene.at(paris(11, 15, day=25))).to_contain_text("Vasseur H.")
    assert scene.now("Vasseur") == (paris(11, 15, day=25), AppointmentStatus.BOOKED)

    page.keyboard.press("Control+z")
    expect(page.locator("#wide-notices")).to_contain_text("C’est défait.")
    expect(scene.at(paris(10))).to_contain_text("Vasseur H.")
    assert scene.now("Vasseur") == (paris(10), AppointmentStatus.BOOKED)
    expect(page.locator("#wide-undo")).to_have_count(0)


def test_an_appointment_is_carried_by_the_mouse_and_what_is_taken_does_not_catch_it(scene: Scene) -> None:
    page = scene.page
    _carry(page, scene.at(paris(10)), scene.at(paris(14)), drop=False)
    expect(page.locator(".wide-ghost")).to_contain_text("Vasseur H.")
    expect(scene.at(paris(14))).to_contain_class("target")
    _onto(page, scene.at(paris(11)))  # Paul Moreau is there
    expect(page.locator(".wide-ghost")).to_contain_class("nowhere")
    page.mouse.up()
    expect(page.locator(".wide-ghost")).to_have_count(0)
    expect(page.locator("#wide-agenda[data-moving]")).to_have_count(0)
    expect(page.locator("#wide-book-it")).to_have_count(0)
    assert scene.now("Vasseur") == (paris(10), AppointmentStatus.BOOKED)

    _carry(page, scene.at(paris(10)), scene.at(paris(14)))
    expect(page.locator(".wide-booking")).to_contain_text("14:00")
    page.locator("#wide-book-it").click()
    expect(scene.at(paris(14))).to_contain_text("Vasseur H.")
    assert scene.now("Vasseur") == (paris(14), AppointmentStatus.BOOKED)


def test_two_appointments_change_places(scene: Scene) -> None:
    page = scene.page
    scene.at(paris(10)).focus()
    page.keyboard.press("x")
    expect(page.locator(".wide-act")).to_contain_text("choisissez avec qui échanger")
    scene.at(paris(11)).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#wide-book-it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(scene.at(paris(10))).to_contain_text("Moreau P.")
    assert (scene.now("Vasseur")[0], scene.now("Moreau")[0]) == (paris(11), paris(10))


def test_an_appointment_is_given_back_with_a_reason_and_its_history_says_who(scene: Scene) -> None:
    page = scene.page
    scene.at(paris(10)).focus()
    page.keyboard.press("Delete")
    expect(page.locator("#cancel-reason")).to_be_focused()
    page.keyboard.type("Grippe")
    page.keyboard.press("Enter")
    expect(page.locator("#wide-notices")).to_contain_text("C’est annulé.")
    expect(page.locator(".history li").first).to_contain_text("Grippe")
    expect(page.locator(".history li").first).to_contain_text("Inès Haddad")
    expect(scene.at(paris(10))).to_contain_class("free")
    assert scene.now("Vasseur")[1] is AppointmentStatus.CANCELLED
    # The keyboard is where it was, before and after the undoing; what was done stays readable beside it.
    expect(scene.at(paris(10))).to_be_focused()
    expect(page.locator(".history li").first).to_contain_text("Inès Haddad")
    page.keyboard.press("Control+z")
    expect(scene.at(paris(10))).to_contain_text("Vasseur H.")
    expect(scene.at(paris(10))).to_be_focused()


def test_who_has_come_is_noted_by_one_key(scene: Scene) -> None:
    page = scene.page
    ids = _book(scene.town, scene.tilleuls, Vasseur=paris(9, 30, day=23))
    cell = scene.at(paris(9, 30, day=23))
    expect(cell).to_contain_text("Vasseur H.")
    cell.focus()
    page.keyboard.press("a")
    expect(cell).to_contain_class("arrived-in")
    scene.ids |= ids
    assert scene.now("Vasseur")[1] is AppointmentStatus.ARRIVED
    # The keys are of the appointment at the cursor: elsewhere nothing more is open.
    scene.at(paris(11)).focus()
    expect(page.locator("#appointment-details")).to_have_count(0)


def _book(town: Town, tilleuls: Tilleuls, **times: int) -> dict[str, int]:
    """Their appointments, by family name."""
    at = town.now()
    with town.database.unit_of_work(ALL) as session:
        kind = session.scalars(select(ServiceType)).one()
        return {
            name: book_appointment(
                session,
                practice_id=tilleuls.practice_id,
                practitioner_id=tilleuls.doctor_id,
                patient_id=session.scalars(select(Patient.id).where(Patient.family_name == name)).one(),
                service_type_id=kind.id,
                start=start,
                call_id=None,
                staff_id=None,
                request_key=f"form-{start}",
                at=at,
            ).id
            for name, start in times.items()
        }


def _carry(page: Page, what: Locator, onto: Locator, *, drop: bool = True) -> None:
    """Taken up; it is carried on once the grid shows where it fits."""
    _onto(page, what)
    page.mouse.down()
    box = what.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    expect(page.locator("#wide-agenda[data-moving]")).to_have_count(1)
    _onto(page, onto)
    if drop:
        page.mouse.up()


def _onto(page: Page, cell: Locator) -> None:
    box = cell.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)

"""Two doctors agree on a swap, each on a telephone of their own, and the operator's card names who is on call now."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Role, Site
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner
from callcenter.dispatch.rotations import RotationParticulars, add_rotation
from callcenter.dispatch.shifts import OverrideParticulars, add_override
from tests.stories.conftest import Town
from tests.stories.tilleuls import answer, open_tilleuls, operator

TELEPHONE = {"width": 390, "height": 844}


def test_two_doctors_agree_on_a_swap_and_the_card_follows_by_itself(town: Town) -> None:
    account = town.account("lemoine", "Dr Lemoine", Role.PRACTITIONER)
    tilleuls = open_tilleuls(town, doctor_account=account)
    _arnaud_follows_lemoine(town, tilleuls.practice_id, tilleuls.doctor_id)
    lemoine = town.sign_in("lemoine", viewport=TELEPHONE)
    arnaud = town.sign_in("arnaud", viewport=TELEPHONE)
    desk = operator(town, "camille", "Camille Roux")
    town.dial()
    answer(desk)
    on_call = desk.locator("#desk-card .on-call-line")
    expect(on_call).to_contain_text("Dr Nguyen")
    expect(on_call).to_contain_text("puis Dr Lemoine")

    expect(arnaud.locator(".on-call-link:visible")).to_contain_text("Astreinte")
    lemoine.locator(".on-call-link:visible a").click()
    lemoine.get_by_role("link", name="Échanger mar. 24 nov.").click()
    _fits(lemoine)
    lemoine.get_by_role("radio").first.check()
    lemoine.get_by_role("button", name="Proposer").click()
    expect(lemoine.locator(".banner.ok")).to_contain_text("Proposé")

    # His page says so without a reload, and leads to the answer.
    arnaud.locator(".on-call-link:visible a", has_text="1 échange vous est proposé").click()
    _fits(arnaud)
    expect(arnaud.locator(".asks")).to_contain_text("mar. 24 nov. 10:00")
    lemoine.evaluate("document.stays = true")
    arnaud.get_by_role("button", name="Accepter").click()
    expect(arnaud.locator(".banner.ok")).to_contain_text("Accepté")

    expect(lemoine.locator("#my-on-call")).to_contain_text("Échangé")
    assert lemoine.evaluate("document.stays") is True  # no reload
    expect(on_call).to_contain_text("puis Dr Arnaud")


def _arnaud_follows_lemoine(town: Town, practice_id: int, lemoine_id: int) -> None:
    """Days in turn, changing at ten: today Dr Nguyen, who only stands in, tomorrow Lemoine, then Arnaud."""
    arnaud_account = town.account("arnaud", "Dr Arnaud", Role.PRACTITIONER)
    at = town.now()
    with town.database.unit_of_work(Centre(CentreReason.SEED)) as session:
        site_id = session.scalars(select(Site.id).where(Site.practice_id == practice_id)).one()
        ids = [
            add_practitioner(
                session,
                practice_id,
                PractitionerParticulars(name=f"Dr {name}", family_name=name, site_id=site_id, account_id=account),
                at=at,
                staff_id=None,
            ).id
            for name, account in (("Arnaud", arnaud_account), ("Nguyen", None))
        ]
        today = OverrideParticulars(str(ids[1]), "2026-11-23T08:00", "2026-11-24T10:00")
        add_override(session, practice_id, today, at=at, staff_id=arnaud_account)
        in_turn = RotationParticulars("", (lemoine_id, ids[0]), "1", "10:00", "2026-11-24")
        add_rotation(session, practice_id, in_turn, at=at, staff_id=None)


def _fits(page: Page) -> None:
    """Nothing hangs over the edge of a telephone."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

"""Signing in: one sentence for every cause, a wait after ten failures, and sessions that end."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.core.db import Database
from callcenter.core.errors import Invalid
from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.accounts import create_staff, set_password, sign_in, sign_out, valid_endpoint
from callcenter.directory.identity import load_identity
from callcenter.directory.models import Practice, Practitioner, Role, Site
from callcenter.directory.staff import change_staff, load_staff

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEED = Centre(CentreReason.SEED)
PASSWORD = "marronniers en fleur"


def hire(database: Database, login: str, role: Role = Role.OPERATOR) -> int:
    with database.unit_of_work(SEED) as session:
        return create_staff(session, login=login, name="Camille Roux", role=role, password=PASSWORD, at=MONDAY).id


def refusal(database: Database, login: str, password: str, at: datetime = MONDAY) -> str:
    with database.unit_of_work(SEED) as session, pytest.raises(Invalid) as refused:
        sign_in(session, login, password, at=at)
    return refused.value.sentence


def test_camille_signs_in_for_a_shift_whatever_the_case_of_her_login(database: Database) -> None:
    staff_id = hire(database, "Camille.Roux")
    with database.unit_of_work(SEED) as session:
        token = sign_in(session, " CAMILLE.roux ", PASSWORD, at=MONDAY)
    with database.reading(SEED) as session:
        me = load_identity(session, token, at=MONDAY + timedelta(hours=11, minutes=59))
        assert me is not None
        assert (me.staff_id, me.first_name, me.role) == (staff_id, "Camille", Role.OPERATOR)
        assert load_identity(session, token, at=MONDAY + timedelta(hours=12)) is None
        assert load_identity(session, token + "x", at=MONDAY) is None


def test_nobody_learns_whether_a_login_exists(database: Database) -> None:
    staff_id = hire(database, "refusee")
    wrong_password = refusal(database, "refusee", "not this one")
    unknown_login = refusal(database, "nobody", PASSWORD)
    with database.unit_of_work(SEED) as session:
        staff = load_staff(session, staff_id)
        change_staff(
            session,
            staff,
            name=staff.name,
            first_name="",
            role=staff.role,
            endpoint="",
            is_active=False,
            at=MONDAY,
            by=None,
        )
    assert wrong_password == unknown_login == refusal(database, "refusee", PASSWORD)


def test_ten_failures_make_even_the_right_password_wait_ten_minutes(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    hire(database, "guessed")
    for _ in range(10):
        refusal(database, "guessed", "wrong")
    assert refusal(database, "guessed", PASSWORD).startswith("Too many attempts")
    with database.unit_of_work(SEED) as session:
        assert sign_in(session, "guessed", PASSWORD, at=MONDAY + timedelta(minutes=10))
    database.close()


def test_a_new_password_and_a_closed_account_end_every_session(database: Database) -> None:
    staff_id = hire(database, "ines")
    with database.unit_of_work(SEED) as session:
        first, second = (sign_in(session, "ines", PASSWORD, at=MONDAY) for _ in range(2))
        sign_out(session, first)
        assert load_identity(session, first, at=MONDAY) is None
        assert load_identity(session, second, at=MONDAY) is not None
        set_password(session, staff_id, "a newer password", at=MONDAY)
        assert load_identity(session, second, at=MONDAY) is None


def test_a_practitioner_sees_her_own_practices_and_the_centre_sees_all(database: Database) -> None:
    doctor, operator = hire(database, "lemoine", Role.PRACTITIONER), hire(database, "camille")
    with database.unit_of_work(SEED) as session:
        practices = [Practice(code=code, name=code, short_name=code, created_at=MONDAY) for code in ("a", "b")]
        session.add_all(practices)
        session.flush()
        site = Site(practice_id=practices[0].id, code="s", name="S")
        session.add(site)
        session.flush()
        session.add(
            Practitioner(
                practice_id=practices[0].id, code="l", site_id=site.id, name="L", family_name="L", staff_id=doctor
            )
        )
        hers, all_of_them = {practices[0].id}, {practice.id for practice in practices}
    with database.unit_of_work(SEED) as session:
        seen = {}
        for login, staff_id in (("lemoine", doctor), ("camille", operator)):
            me = load_identity(session, sign_in(session, login, PASSWORD, at=MONDAY), at=MONDAY)
            assert me is not None
            seen[staff_id] = me.practice_ids
    assert seen == {doctor: hers, operator: all_of_them}


def test_an_administrator_cannot_shut_herself_out(database: Database) -> None:
    admin = hire(database, "admin", Role.ADMINISTRATOR)
    for role, is_active, field in ((Role.ADMINISTRATOR, False, "is_active"), (Role.OPERATOR, True, "role")):
        with database.unit_of_work(SEED) as session, pytest.raises(Invalid) as refused:
            change_staff(
                session, load_staff(session, admin), name="A", first_name="A", role=role, endpoint="",
                is_active=is_active, at=MONDAY, by=admin,
            )  # fmt: skip
        assert refused.value.field == field


@pytest.mark.parametrize("login", ["", "two words", "=HYPERLINK(1)", "</Say>", "a" * 200 + " b"])
def test_a_login_that_nobody_could_type_is_refused(database: Database, login: str) -> None:
    with database.unit_of_work(SEED) as session, pytest.raises(Invalid) as refused:
        create_staff(session, login=login, name="X", role=Role.OPERATOR, password=PASSWORD, at=MONDAY)
    assert refused.value.field == "login"


@pytest.mark.parametrize("typed", ["08 99 12 34 56", "15", "+1 876 555 1234", "+881 612 345 6789"])
def test_a_telephone_that_is_never_called_is_refused_at_the_form(database: Database, typed: str) -> None:
    with database.reading(SEED) as session, pytest.raises(Invalid) as refused:
        valid_endpoint(session, typed)
    assert refused.value.field == "endpoint"


def test_the_telephones_of_another_country_ring_where_the_setting_says_so(database: Database) -> None:
    with database.reading(SEED) as session:
        assert valid_endpoint(session, "01 45 67 45 67") == "+33145674567"
        assert valid_endpoint(session, "+44 7911 123456", countries={"GB", "GG"}) == "+447911123456"

"""Two practices, each with its site: neither sees the other's."""

import pytest
from sqlalchemy import delete, select, update

from callcenter.core.db import Database
from callcenter.core.scope import (
    Centre,
    CentreReason,
    OutsideScope,
    Practices,
    ScopeMissing,
    scoped_connection,
    set_scope,
)
from callcenter.directory.models import Practice, Site
from tests.core.test_db import NOON

SEED = Centre(CentreReason.SEED)


@pytest.fixture
def two_practices(database: Database) -> tuple[int, int]:
    with database.unit_of_work(SEED) as session:
        practices = [Practice(code=code, name=code, short_name=code, created_at=NOON) for code in ("tilleuls", "port")]
        session.add_all(practices)
        session.flush()
        session.add_all(Site(practice_id=one.id, code="main", name=f"Site of {one.code}") for one in practices)
        return practices[0].id, practices[1].id


def test_each_practice_sees_its_own_rows_only(database: Database, two_practices: tuple[int, int]) -> None:
    tilleuls, port = two_practices
    with database.reading(SEED) as session:
        assert len(session.scalars(select(Site)).all()) == 2
    with database.reading(Practices.of(tilleuls)) as session:
        assert [site.name for site in session.scalars(select(Site))] == ["Site of tilleuls"]
        assert session.execute(select(Site.name).where(Site.practice_id == port)).all() == []
        theirs = session.scalars(select(Site.id).execution_options(populate_existing=True)).one()
    with database.reading(Practices.of(port)) as session:
        assert session.get(Site, theirs) is None
    with database.reading(Practices.of()) as session:
        assert session.scalars(select(Site)).all() == []


def test_a_query_without_a_scope_is_a_fault(database: Database, two_practices: tuple[int, int]) -> None:
    with database.reading() as session, pytest.raises(ScopeMissing):
        session.scalars(select(Site))


def test_updates_and_deletions_stay_within_the_scope(database: Database, two_practices: tuple[int, int]) -> None:
    tilleuls, _port = two_practices
    with database.unit_of_work(Practices.of(tilleuls)) as session:
        session.execute(update(Site).values(city="Rezé"))
        session.execute(delete(Site).where(Site.name == "Site of port"))
    with database.reading(SEED) as session:
        assert sorted(map(tuple, session.execute(select(Site.name, Site.city)))) == [
            ("Site of port", ""),
            ("Site of tilleuls", "Rezé"),
        ]


def test_a_row_of_another_practice_cannot_be_written(database: Database, two_practices: tuple[int, int]) -> None:
    tilleuls, port = two_practices
    with pytest.raises(OutsideScope), database.unit_of_work(Practices.of(tilleuls)) as session:
        session.add(Site(practice_id=port, code="second", name="Intruder"))


def test_a_scope_may_be_narrowed_within_a_transaction(database: Database, two_practices: tuple[int, int]) -> None:
    _tilleuls, port = two_practices
    with database.reading(SEED) as session:
        set_scope(session, Practices.of(port))
        assert [site.name for site in session.scalars(select(Site))] == ["Site of port"]


def test_a_plain_statement_names_practices_of_the_scope(database: Database, two_practices: tuple[int, int]) -> None:
    tilleuls, port = two_practices
    with database.reading() as session, pytest.raises(ScopeMissing):
        scoped_connection(session)
    with database.reading(Practices.of(tilleuls)) as session:
        with pytest.raises(OutsideScope):
            scoped_connection(session, port)
        with pytest.raises(OutsideScope):
            scoped_connection(session, tilleuls, port)
        here = scoped_connection(session, tilleuls)
        # Nothing limits it any further: whoever asks names the practice.
        assert len(here.execute(select(Site.id)).all()) == 2
    with database.reading(SEED) as session:
        assert len(scoped_connection(session, tilleuls, port).execute(select(Site.id)).all()) == 2


def test_a_plain_statement_sees_what_the_session_has_pending(
    database: Database, two_practices: tuple[int, int]
) -> None:
    tilleuls, _port = two_practices
    with database.unit_of_work(Practices.of(tilleuls)) as session:
        session.add(Site(practice_id=tilleuls, code="second", name="Annexe"))
        names = scoped_connection(session, tilleuls).execute(select(Site.name).where(Site.practice_id == tilleuls))
        assert sorted(names.scalars()) == ["Annexe", "Site of tilleuls"]


def test_the_scope_of_one_transaction_is_not_that_of_the_next(
    database: Database, two_practices: tuple[int, int]
) -> None:
    asked = select(Site.name)  # built once, asked in turns
    for practice_id, name in (*zip(two_practices, ("tilleuls", "port"), strict=True),) * 2:
        with database.reading(Practices.of(practice_id)) as session:
            assert session.scalars(asked).all() == [f"Site of {name}"]

"""The migrated database is the one the models describe, guards included, and a newer one is refused."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from callcenter.core.db import Database
from callcenter.core.errors import StartRefused
from callcenter.core.migrate import alembic_config, current_revision, driver_url, refuse_newer, upgrade
from callcenter.migrations.metadata import all_tables

_ROWS = """
INSERT INTO practice (id, code, name, short_name, country, zone, language, mode, greeting, emergency_label,
    emergency_number, emergency_sentence, backup_number, certified_only, records_calls, created_at)
    VALUES (1, 'a', 'A', 'A', 'FR', 'UTC', 'fr', 'training', '', '', '', '', '', false, false, '2026-01-01');
INSERT INTO site (id, practice_id, code, name, address, postal_code, city, zone)
    VALUES (1, 1, 's', 'S', '', '', '', 'UTC');
INSERT INTO practitioner (id, practice_id, code, site_id, name, family_name, profession, phone, position)
    VALUES (1, 1, 'p', 1, 'P', 'P', '', '', 0);
INSERT INTO schedule (id, practice_id, practitioner_id, site_id, zone, keeps_holidays)
    VALUES (1, 1, 1, 1, 'UTC', true);
INSERT INTO service_type (id, practice_id, code, name, short_name, duration_minutes, colour, position, before_minutes,
    after_minutes, step_minutes, notice_minutes, new_patients, is_urgent, capacity)
    VALUES (1, 1, 'cs', 'C', 'C', 15, 1, 0, 0, 0, 5, 0, 'welcome', false, 1);
INSERT INTO patient (id, practice_id, title, family_name, given_name, note, search_key, created_at)
    VALUES (1, 1, '', 'V', '', '', 'v', '2026-01-01')
""".split(";")
_APPOINTMENT = """
INSERT INTO appointment (id, practice_id, schedule_id, practitioner_id, patient_id, service_type_id, status,
    start, "end", booked_at, request_key, channel, lane)
    VALUES ({id}, 1, 1, 1, 1, 1, 'booked', {start}, {end}, '2026-01-01', 'k{id}', 'phone', {lane})
"""
_OCCUPATION = """
INSERT INTO occupation (id, practice_id, actor, lane, appointment_id, start, "end")
    VALUES ({id}, 1, 2, {lane}, {id}, {start}, {end})
"""


def occupy(database: Database, number: int, start: int, end: int, lane: int = 0) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(_APPOINTMENT.format(id=number, start=start, end=end, lane=lane)))
        connection.execute(text(_OCCUPATION.format(id=number, start=start, end=end, lane=lane)))


def check_overlap_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        for row in _ROWS:
            connection.execute(text(row))
    occupy(database, 1, 100, 200)
    occupy(database, 2, 200, 300)  # one begins when the other ends
    for number, (start, end) in enumerate([(150, 160), (50, 101), (199, 201), (100, 200)], start=3):
        with pytest.raises(DBAPIError, match="occupation_overlap"):
            occupy(database, number, start, end)
    with database.engine.begin() as connection, pytest.raises(DBAPIError, match="occupation_overlap"):
        connection.execute(text("UPDATE occupation SET start = 199 WHERE id = 2"))
    occupy(database, 7, 150, 160, lane=1)  # overbooked: beside the plan
    with database.engine.begin() as connection, pytest.raises(DBAPIError, match="occupation_overlap"):
        connection.execute(text("UPDATE occupation SET lane = 0 WHERE id = 7"))


def test_two_occupations_of_one_actor_cannot_overlap(database: Database) -> None:
    check_overlap_is_refused(database)


def test_the_models_and_the_migrations_agree(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, all_tables())
    engine.dispose()
    assert differences == []


def test_upgrading_twice_changes_nothing_and_keeps_the_guard(database_url: str) -> None:
    before = current_revision(database_url)
    upgrade(database_url)
    assert current_revision(database_url) == before
    database = Database(database_url)
    check_overlap_is_refused(database)
    database.close()


def test_every_step_down_and_up_again_ends_with_the_guard_in_place(database_url: str) -> None:
    command.downgrade(alembic_config(database_url), "base")
    assert current_revision(database_url) is None
    upgrade(database_url)
    database = Database(database_url)
    check_overlap_is_refused(database)
    database.close()


def test_what_was_booked_before_holds_and_lanes_still_has_its_time(database_url: str) -> None:
    database = Database(database_url)
    check_overlap_is_refused(database)
    database.close()
    command.downgrade(alembic_config(database_url), "0004")
    engine = create_engine(driver_url(database_url))
    with engine.begin() as connection:
        rows = connection.execute(text('SELECT schedule_id, start, "end" FROM occupation ORDER BY start')).all()
        assert [tuple(row) for row in rows] == [(1, 100, 200), (1, 200, 300)]
        with pytest.raises(DBAPIError, match="occupation_overlap"), connection.begin_nested():
            connection.execute(text("UPDATE occupation SET start = 199 WHERE start = 200"))
        connection.execute(text("UPDATE appointment SET status = 'cancelled' WHERE id = 7"))
        cancelled = "INSERT INTO cancellation VALUES (7, NULL, '2026-01-02', 'ill', 1)"
        connection.execute(text(cancelled))
    upgrade(database_url)
    with engine.begin() as connection:
        rows = connection.execute(text('SELECT actor, lane, start, "end" FROM occupation ORDER BY start')).all()
        assert [tuple(row) for row in rows] == [(2, 0, 100, 200), (2, 0, 200, 300)]
        told = text("SELECT act, reason FROM appointment_event WHERE appointment_id = 7 ORDER BY id")
        assert [tuple(row) for row in connection.execute(told)] == [("booked", ""), ("cancelled", "ill")]
    engine.dispose()


def test_a_database_from_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StartRefused, match="newer version"):
        refuse_newer(database_url)
    with pytest.raises(StartRefused, match="newer version"):
        upgrade(database_url)
    assert current_revision(database_url) == "9999"

"""Hours that are open and not offered say why; a share that is smaller than what is free is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callcenter.agenda.models import Opening, OpeningChannel, OpeningServiceType, PractitionerService, ServiceType
from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.opening_rules import Channel, OpeningKind
from callcenter.agenda.views.day import DayView, day_view
from callcenter.agenda.views.rows import ShareLeft, WithheldRow
from callcenter.agenda.writing.holding import hold_time
from callcenter.core.db import Database
from tests.agenda.cast import MONDAY, NINE, Cast, book, paris, tilleuls

TUESDAY = MONDAY + timedelta(days=1)


def with_morning(database: Database, **changes: Any) -> tuple[Cast, int]:
    """Tuesday's morning is otherwise than the others; its opening."""
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        morning = session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(8, 30))).one()
        for name, value in changes.items():
            setattr(morning, name, value)
        return cast, morning.id


def look(database: Database, cast: Cast, *, type_id: int | None = None, at: datetime = NINE) -> DayView:
    with database.reading(cast.scope) as session:
        return day_view(session, practitioner_id=cast.practitioner_id, day=TUESDAY, service_type_id=type_id, at=at)


def withheld(view: DayView) -> list[tuple[str, Refusal]]:
    return [
        (f"{one.starts_at:%H:%M}-{one.ends_at:%H:%M}", one.why) for one in view.rows if isinstance(one, WithheldRow)
    ]


def test_what_is_kept_for_emergencies_says_until_when_and_is_free_from_then_on(database: Database) -> None:
    cast, _ = with_morning(database, kind=OpeningKind.EMERGENCY, release_days=0, release_at=time(8))
    view = look(database, cast)
    assert withheld(view) == [("08:30-12:30", Refusal.KEPT)]
    (row,) = [one for one in view.rows if isinstance(one, WithheldRow)]
    assert (row.kept_for, row.opens_within_days) == (OpeningKind.EMERGENCY, True)
    assert row.opens == datetime.combine(TUESDAY, time(8), row.starts_at.tzinfo)
    eight = NINE + timedelta(hours=23)
    assert withheld(look(database, cast, at=eight)) == []
    assert look(database, cast, at=eight).rows[0].kind == "free"


def test_who_may_have_it_sees_it_free(database: Database) -> None:
    cast, _ = with_morning(database, kind=OpeningKind.EMERGENCY)
    with database.unit_of_work(cast.scope) as session:
        session.get_one(ServiceType, cast.first_visit_id).is_urgent = True
    assert withheld(look(database, cast)) == [("08:30-12:30", Refusal.KEPT)]
    assert withheld(look(database, cast, type_id=cast.first_visit_id)) == []


def test_what_is_taken_of_it_is_not_told_twice(database: Database) -> None:
    cast, _ = with_morning(database)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9, day=24))
        hold_time(
            session,
            practice_id=cast.practice_id,
            practitioner_id=cast.practitioner_id,
            service_type_id=cast.consultation_id,
            start=paris(10, day=24),
            staff_id=cast.ines_id,
            request_key="hold",
            at=NINE,
        )
    with database.unit_of_work(cast.scope) as session:
        morning = session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(8, 30))).one()
        morning.kind = OpeningKind.RESERVE
    expected = [("08:30-09:00", Refusal.KEPT), ("09:15-10:00", Refusal.KEPT), ("10:15-12:30", Refusal.KEPT)]
    assert withheld(look(database, cast)) == expected


def test_hours_for_other_types_and_other_channels_and_of_whoever_does_not_give_it(database: Database) -> None:
    cast, morning = with_morning(database)
    own = {"practice_id": cast.practice_id}
    with database.unit_of_work(cast.scope) as session:
        session.add(OpeningServiceType(opening_id=morning, service_type_id=cast.first_visit_id, **own))
    view = look(database, cast)
    assert withheld(view) == [("08:30-12:30", Refusal.OTHER_TYPE)]
    assert [one.service_type_ids for one in view.rows if isinstance(one, WithheldRow)] == [{cast.first_visit_id}]
    assert withheld(look(database, cast, type_id=cast.first_visit_id)) == []
    with database.unit_of_work(cast.scope) as session:
        session.add(OpeningChannel(opening_id=morning, channel=Channel.ONLINE, **own))
    assert withheld(look(database, cast, type_id=cast.first_visit_id)) == [("08:30-12:30", Refusal.OTHER_CHANNEL)]
    with database.unit_of_work(cast.scope) as session:
        session.add(
            PractitionerService(
                practitioner_id=cast.practitioner_id, service_type_id=cast.consultation_id, is_offered=False, **own
            )
        )
    assert withheld(look(database, cast)) == [("08:30-12:30", Refusal.OTHER_TYPE), ("14:00-18:00", Refusal.OTHER_TYPE)]


def test_what_is_over_says_nothing_any_more(database: Database) -> None:
    cast, _ = with_morning(database, kind=OpeningKind.RESERVE)
    assert withheld(look(database, cast, at=NINE + timedelta(hours=27, minutes=29))) == [("08:30-12:30", Refusal.KEPT)]
    assert withheld(look(database, cast, at=NINE + timedelta(hours=27, minutes=30))) == []


def test_a_share_smaller_than_what_is_free_is_said_until_there_is_nothing_more(database: Database) -> None:
    cast, morning = with_morning(database)
    with database.unit_of_work(cast.scope) as session:
        session.add(OpeningChannel(practice_id=cast.practice_id, opening_id=morning, channel=Channel.PHONE, quota=2))
    (share,) = look(database, cast).share_left
    starts, ends = (f"{one:%H:%M}" for one in (share.starts_at, share.ends_at))
    assert (share.visits, starts, ends, share.is_all) == (2, "08:30", "12:30", False)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(9, day=24))
    assert [one.visits for one in look(database, cast).share_left] == [1]
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10, day=24))
    full = look(database, cast)
    assert full.share_left == ()
    assert [why for _, why in withheld(full)] == [Refusal.FULL] * 3


@pytest.mark.parametrize(("quota", "is_said"), [(15, True), (16, False)])
def test_a_share_that_is_enough_is_not_said(database: Database, quota: int, is_said: bool) -> None:
    cast, morning = with_morning(database)
    with database.unit_of_work(cast.scope) as session:
        session.add(
            OpeningChannel(practice_id=cast.practice_id, opening_id=morning, channel=Channel.PHONE, quota=quota)
        )
        session.delete(session.scalars(select(Opening).where(Opening.weekday == 1, Opening.starts == time(14))).one())
    found = look(database, cast).share_left
    assert [replace(one, starts_at=NINE, ends_at=NINE) for one in found] == (
        [ShareLeft(quota, NINE, NINE, is_all=True)] if is_said else []
    )

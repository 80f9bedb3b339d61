"""A time held while she speaks: hers, nobody else's, and gone by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import Opening, OpeningChannel, OpeningUse, ServiceType
from callcenter.agenda.occupation_models import Hold, HoldStatus, Occupation
from callcenter.agenda.writing.cancelling import cancel_appointment
from callcenter.agenda.writing.holding import HOLD_FOR, hold_time, prolong_hold, release_hold
from callcenter.agenda.writing.lapsing import release_lapsed
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.clock import ManualClock
from callcenter.core.db import Database
from callcenter.core.errors import Conflict, NotFound
from tests.agenda.cast import MONDAY, NINE, SEED, Cast, book, paris, tilleuls

LATE = NINE + HOLD_FOR + timedelta(seconds=1)


def hold(session: Session, cast: Cast, start: int, **other: object) -> Hold:
    """Camille holds a time, unless told otherwise."""
    asked: dict[str, object] = {"staff_id": cast.camille_id, "request_key": f"hold-{start}", "at": NINE} | other
    return hold_time(
        session,
        practice_id=cast.practice_id,
        practitioner_id=cast.practitioner_id,
        service_type_id=cast.consultation_id,
        start=start,
        **asked,  # type: ignore[arg-type]
    )


def free(database: Database, cast: Cast, staff_id: int | None = None, at: object = NINE) -> list[int]:
    with database.reading(cast.scope) as session:
        visit = session.get_one(ServiceType, cast.consultation_id)
        found = find_free(
            session,
            cast.practitioner_id,
            visit,
            first_day=MONDAY,
            last_day=MONDAY,
            at=at,  # type: ignore[arg-type]
            staff_id=staff_id,
        )
        return [one.start for one in found]


def test_what_she_holds_is_free_to_her_and_taken_for_all_others(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        held = hold(session, cast, paris(11, 30))
    assert (held.end, held.expires_at) == (paris(11, 45), NINE + timedelta(minutes=2))
    assert paris(11, 30) in free(database, cast, cast.camille_id)
    assert paris(11, 30) not in free(database, cast, cast.ines_id)
    assert paris(11, 30) not in free(database, cast)
    with pytest.raises(TimeTaken, match="Camille has just taken"), database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), staff_id=cast.ines_id)
    with pytest.raises(TimeTaken), database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30), staff_id=cast.ines_id, request_key="ines")
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30))
    with database.reading(SEED) as session:
        assert session.scalars(select(Hold.status)).all() == [HoldStatus.CONFIRMED]
        assert session.scalars(select(Occupation.hold_id)).all() == [None]


def test_a_hold_lapses_by_itself_and_the_screens_are_told(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30))
    assert paris(11, 30) in free(database, cast, cast.ines_id, at=LATE)  # at its second, whoever tidies up
    assert release_lapsed(database, ManualClock(NINE + timedelta(minutes=1))) == 0
    assert release_lapsed(database, ManualClock(LATE)) == 1
    assert release_lapsed(database, ManualClock(LATE)) == 0
    with database.reading(SEED) as session:
        assert session.scalars(select(Hold.status)).all() == [HoldStatus.LAPSED]
        assert session.scalars(select(Occupation.id)).all() == []


def test_a_lapsed_hold_is_had_again_when_nobody_took_it_and_refused_when_somebody_did(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30))
    with database.unit_of_work(cast.scope) as session:
        assert book(session, cast, paris(11, 30), at=LATE).status == "booked"
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 45))
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 45), staff_id=cast.ines_id, at=LATE)  # ends the lapsed hold on its way
    with (
        pytest.raises(TimeTaken, match="Inès has just taken") as lost,
        database.unit_of_work(cast.scope) as session,
    ):
        book(session, cast, paris(11, 45), key="camille", at=LATE)
    assert [one.start for one in lost.value.next_choices] == [paris(12), paris(12, 15), paris(14)]


def test_one_cursor_holds_one_time(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30))
        hold(session, cast, paris(11, 45))
    assert paris(11, 30) in free(database, cast)
    assert paris(11, 45) not in free(database, cast)
    # A time that is refused leaves her the one that she has.
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(12), staff_id=cast.ines_id)
    with database.unit_of_work(cast.scope) as session, pytest.raises(TimeTaken):
        hold(session, cast, paris(12))
    assert paris(11, 45) not in free(database, cast)


def test_she_prolongs_and_gives_back_what_is_hers_alone(database: Database) -> None:
    cast = tilleuls(database)
    later = NINE + timedelta(minutes=1)
    with database.unit_of_work(cast.scope) as session:
        held = hold(session, cast, paris(11, 30))
    with database.unit_of_work(cast.scope) as session:
        assert hold(session, cast, paris(11, 30), at=later).id == held.id  # the same key again
        assert prolong_hold(session, held.id, staff_id=cast.camille_id, at=later).expires_at == later + HOLD_FOR
    for gesture in (prolong_hold, release_hold):
        with pytest.raises(NotFound), database.unit_of_work(cast.scope) as session:
            gesture(session, held.id, staff_id=cast.ines_id, at=later)
    assert paris(11, 30) not in free(database, cast, at=NINE + HOLD_FOR)
    for _again in range(2):
        with database.unit_of_work(cast.scope) as session:
            release_hold(session, held.id, staff_id=cast.camille_id, at=later)
    assert paris(11, 30) in free(database, cast)
    with pytest.raises(Conflict, match="no longer held"), database.unit_of_work(cast.scope) as session:
        prolong_hold(session, held.id, staff_id=cast.camille_id, at=later)
    with database.unit_of_work(cast.scope) as session:
        assert hold(session, cast, paris(11, 30), at=later).id != held.id  # the same form asks anew


def test_the_last_of_a_share_that_is_held_can_be_booked_by_her_and_by_nobody_else(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        for opening in session.scalars(select(Opening)).all():
            session.add(OpeningChannel(opening_id=opening.id, channel="phone", quota=1, practice_id=cast.practice_id))
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30))
    assert free(database, cast, cast.ines_id)[0] == paris(14)
    assert free(database, cast, cast.camille_id)[0] < paris(12)
    with pytest.raises(TimeTaken, match="As many visits"), database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11), staff_id=cast.ines_id)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30))
    with database.reading(SEED) as session:
        assert session.scalars(select(OpeningUse.taken)).all() == [1]


def test_a_lapsed_hold_counts_for_nothing(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(cast.scope) as session:
        for opening in session.scalars(select(Opening)).all():
            session.add(OpeningChannel(opening_id=opening.id, channel="phone", quota=1, practice_id=cast.practice_id))
    with database.unit_of_work(cast.scope) as session:
        hold(session, cast, paris(11, 30))
    assert free(database, cast, cast.ines_id, at=LATE)[0] < paris(12)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(11, 30), staff_id=cast.ines_id, at=LATE)


def test_a_share_that_only_her_own_or_lapsed_holds_have_used_up_is_hers(database: Database) -> None:
    cast = tilleuls(database)
    with database.unit_of_work(SEED) as session:
        morning = session.scalars(select(Opening.id).where(Opening.schedule_id == cast.schedule_id).limit(1)).one()
        share = {"opening_id": morning, "channel": "phone", "quota": 1, "practice_id": cast.practice_id}
        session.add(OpeningChannel(**share))
    with database.unit_of_work(cast.scope) as session:
        held = hold(session, cast, paris(11))
    assert paris(10) in free(database, cast, cast.camille_id)
    assert paris(10) not in free(database, cast, cast.ines_id)
    with database.unit_of_work(cast.scope) as session:
        first = book(session, cast, paris(10))
        assert session.get_one(Hold, held.id).status == HoldStatus.RELEASED
        cancel_appointment(session, first.id, staff_id=cast.camille_id, at=NINE)
        other = hold(session, cast, paris(11), request_key="again")
    # Nobody has swept yet.
    assert paris(10) in free(database, cast, cast.ines_id, at=LATE)
    with database.unit_of_work(cast.scope) as session:
        book(session, cast, paris(10), key="hers", staff_id=cast.ines_id, at=LATE)
        assert session.get_one(Hold, other.id).status == HoldStatus.LAPSED
        assert session.scalars(select(OpeningUse.taken)).one() == 1

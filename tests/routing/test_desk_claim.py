"""One of her browsers has her desk: the one that signed in last, or took it back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from callcenter.directory.accounts import SIGNED_IN_FOR, open_session, sign_out
from callcenter.directory.identity import load_identity
from callcenter.directory.models import StaffSession
from callcenter.routing.desk_claim import (
    DeskElsewhere,
    claim_desk,
    desk_elsewhere,
    is_opened_anew,
    keep_desk,
    refuse_elsewhere,
    release_desk,
)
from tests.floor import ALL, Floor


def browser(floor: Floor, name: str) -> tuple[str, int]:
    """One that she signs in with: its token and its session."""
    with floor.database.unit_of_work(ALL) as session:
        token = open_session(session, floor.staff[name], at=floor.now)
        me = load_identity(session, token, at=floor.now)
        assert me is not None
        return token, me.session_id


def keeps(floor: Floor, name: str, session_id: int) -> bool:
    with floor.database.unit_of_work(ALL) as session:
        return keep_desk(session, floor.staff[name], session_id, at=floor.now)


def test_the_last_to_sign_in_has_the_desk_and_the_first_is_refused(floor: Floor) -> None:
    floor.hire("Ines")
    (_, first), (_, second) = browser(floor, "Ines"), browser(floor, "Ines")
    assert keeps(floor, "Ines", first)
    floor.clock.advance(timedelta(minutes=5))
    with floor.database.unit_of_work(ALL) as session:
        claim_desk(session, floor.staff["Ines"], second, at=floor.now)
    taken_at = floor.now
    floor.clock.advance(timedelta(minutes=1))
    assert not keeps(floor, "Ines", first)
    assert keeps(floor, "Ines", second)
    with floor.database.reading(ALL) as session:
        assert desk_elsewhere(session, floor.staff["Ines"], first, at=floor.now) == taken_at
        assert desk_elsewhere(session, floor.staff["Ines"], second, at=floor.now) is None
        with pytest.raises(DeskElsewhere):
            refuse_elsewhere(session, floor.staff["Ines"], first, at=floor.now)
    assert floor.status_of("Ines") == "available"  # her work goes on there


def test_taken_back_it_is_the_first_ones_again(floor: Floor) -> None:
    floor.hire("Ines")
    (_, first), (_, second) = browser(floor, "Ines"), browser(floor, "Ines")
    with floor.database.unit_of_work(ALL) as session:
        for one in (first, second, first, first):
            claim_desk(session, floor.staff["Ines"], one, at=floor.now)
    assert (keeps(floor, "Ines", second), keeps(floor, "Ines", first)) == (False, True)


def test_it_opens_in_whichever_browser_was_signed_in_since_it_was_had_last(floor: Floor) -> None:
    floor.hire("Claire")

    def opens(session_id: int) -> bool:
        with floor.database.reading(ALL) as session:
            return is_opened_anew(session, floor.staff["Claire"], session_id)

    def claim(session_id: int) -> None:
        floor.clock.advance(timedelta(seconds=1))
        with floor.database.unit_of_work(ALL) as session:
            claim_desk(session, floor.staff["Claire"], session_id, at=floor.now)

    _, first = browser(floor, "Claire")
    assert not opens(first)
    claim(first)
    floor.clock.advance(timedelta(minutes=5))
    _, second = browser(floor, "Claire")
    assert (opens(first), opens(second)) == (False, True)
    claim(second)
    claim(first)  # taken back
    assert (opens(first), opens(second)) == (False, False)


def test_a_browser_that_signed_out_or_lapsed_keeps_nothing(floor: Floor) -> None:
    floor.hire("Ines")
    (token, first), (_, second) = browser(floor, "Ines"), browser(floor, "Ines")
    assert keeps(floor, "Ines", first)
    with floor.database.unit_of_work(ALL) as session:
        sign_out(session, token)
    assert keeps(floor, "Ines", second)
    floor.clock.advance(SIGNED_IN_FOR)
    _, third = browser(floor, "Ines")
    assert keeps(floor, "Ines", third)


def test_a_colleagues_browser_under_a_number_used_again_is_not_taken_for_hers(floor: Floor) -> None:
    """SQLite gives the number of a row that was deleted last to the next."""
    floor.hire("Ines", "Lea")
    (_, first), (_, colleagues) = browser(floor, "Ines"), browser(floor, "Lea")
    assert keeps(floor, "Ines", first)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(delete(StaffSession).where(StaffSession.id == first))
        session.execute(update(StaffSession).where(StaffSession.id == colleagues).values(id=first))
    _, second = browser(floor, "Ines")
    with floor.database.reading(ALL) as session:
        assert desk_elsewhere(session, floor.staff["Ines"], second, at=floor.now) is None
    assert keeps(floor, "Ines", second)


def test_signing_out_of_the_browser_without_the_desk_leaves_it(floor: Floor) -> None:
    floor.hire("Ines")
    (_, first), (_, second) = browser(floor, "Ines"), browser(floor, "Ines")
    with floor.database.unit_of_work(ALL) as session:
        claim_desk(session, floor.staff["Ines"], second, at=floor.now)
        assert not release_desk(session, floor.staff["Ines"], first)
        assert release_desk(session, floor.staff["Ines"], second)
    assert floor.agent("Ines").session_id is None
    assert keeps(floor, "Ines", first)


def test_two_browsers_that_beat_at_once_do_not_both_have_a_vacant_desk(floor: Floor) -> None:
    floor.hire("Ines")
    ids = [browser(floor, "Ines")[1] for _ in range(6)]
    kept: list[bool] = []
    gate = threading.Barrier(len(ids))

    def beat(session_id: int) -> None:
        gate.wait()
        kept.append(keeps(floor, "Ines", session_id))

    threads = [threading.Thread(target=beat, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(kept) == [False] * 5 + [True]

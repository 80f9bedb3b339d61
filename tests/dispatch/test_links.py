"""The address in a text opens nothing by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenter.core.scope import Centre as WholeCentre
from callcenter.core.scope import CentreReason
from callcenter.directory.models import Practitioner
from callcenter.directory.passwords import hash_password
from callcenter.dispatch.links import (
    OPEN_FOR,
    VALID_FOR,
    asks_code,
    find_link,
    give_code,
    is_open_for,
    messages_behind,
    tries_left,
)
from callcenter.dispatch.preferences import set_code
from tests.dispatch.cast import Centre

ANYBODY = WholeCentre(CentreReason.WEBHOOK)


@pytest.fixture
def token(centre: Centre) -> str:
    """Of the text that Dr Lemoine got, whose code is 2468."""
    centre.prefer(centre.lemoine_id, code_hash=hash_password("2468", shortest=4))
    centre.write()
    centre.tick()
    return centre.outbox()[0].body.rsplit("/m/", 1)[1]


def give(centre: Centre, token: str, code: str) -> str | None:
    with centre.database.unit_of_work(ANYBODY) as session:
        link = find_link(session, token, at=centre.clock.now())
        assert link is not None
        return give_code(session, link, code, at=centre.clock.now())


def test_the_right_code_opens_it_for_one_browser_for_a_quarter_of_an_hour(centre: Centre, token: str) -> None:
    key = give(centre, token, " 2468 ")
    at = centre.clock.now()
    with centre.database.reading(ANYBODY) as session:
        link = find_link(session, token, at=at)
        assert link is not None
        assert is_open_for(link, key, at=at)
        assert not is_open_for(link, None, at=at)
        assert not is_open_for(link, "x", at=at)
        assert not is_open_for(link, key, at=at + OPEN_FOR)
        assert len(messages_behind(session, link)) == 1


def test_the_fifth_wrong_code_closes_it_also_for_the_right_one(centre: Centre, token: str) -> None:
    assert [give(centre, token, "1111") for _ in range(5)] == [None] * 5
    assert give(centre, token, "2468") is None
    with centre.database.reading(ANYBODY) as session:
        link = find_link(session, token, at=centre.clock.now())
        assert link is not None
        assert not asks_code(session, link)


def test_a_right_code_forgets_the_wrong_ones(centre: Centre, token: str) -> None:
    for _ in range(3):
        assert [give(centre, token, "1111") for _ in range(4)] == [None] * 4
        assert give(centre, token, "2468") is not None


def test_another_message_brings_no_more_tries_for_ever(centre: Centre) -> None:
    """Whoever holds a lost telephone gets an address with each message; fifteen codes are all that may be tried."""
    centre.prefer(centre.lemoine_id, code_hash=hash_password("2468", shortest=4))
    for nth in range(4):
        centre.write(f"m{nth}")
        centre.tick()
    tokens = [one.body.rsplit("/m/", 1)[1] for one in centre.outbox()]
    for token in tokens[:3]:
        assert [give(centre, token, "1111") for _ in range(5)] == [None] * 5
    assert give(centre, tokens[3], "2468") is None
    with centre.database.reading(ANYBODY) as session:
        link = find_link(session, tokens[3], at=centre.clock.now())
        assert link is not None
        assert (link.wrong_codes, tries_left(session, link), asks_code(session, link)) == (0, 0, False)

    with centre.database.unit_of_work(centre.cast.scope) as session:
        doctor = session.get_one(Practitioner, centre.lemoine_id)
        set_code(session, doctor, "8264", "8264", at=centre.clock.now(), staff_id=None)
    assert give(centre, tokens[3], "8264") is not None


def test_a_week_later_or_a_letter_beside_there_is_none(centre: Centre, token: str) -> None:
    at = centre.clock.now()
    with centre.database.reading(ANYBODY) as session:
        for wrong in ("", token[:-1], token.upper(), "a" * 26, f"{token}.", "../admin"):
            assert find_link(session, wrong, at=at) is None
        assert find_link(session, token, at=at + VALID_FOR + timedelta(seconds=1)) is None


def test_who_has_no_code_can_only_sign_in(centre: Centre, token: str) -> None:
    centre.prefer(centre.lemoine_id, code_hash="")
    assert give(centre, token, "") is None
    with centre.database.reading(ANYBODY) as session:
        link = find_link(session, token, at=centre.clock.now())
        assert link is not None
        assert not asks_code(session, link)

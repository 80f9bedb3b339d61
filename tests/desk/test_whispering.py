"""A whisper goes to the telephone that the operator has now, or to nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcenter.core.errors import Conflict, ProviderError
from callcenter.desk.supervising_rules import SupervisionMode
from callcenter.desk.whispering import renew_whispers
from callcenter.telephony.legs import lock_call, want_leg
from callcenter.telephony.models import Leg, LegRole
from callcenter.telephony.state import LegNews
from tests.desk.test_supervising import call_id, claire, floor, leg_of, supervisions
from tests.floor import ALL, Floor

__all__ = ["call_id", "floor"]


def operators(floor: Floor) -> list[Leg]:
    with floor.database.reading(ALL) as session:
        return [one for one in session.query(Leg).order_by(Leg.id) if one.role == LegRole.OPERATOR]


def whisper(floor: Floor) -> None:
    claire(floor).begin(floor.staff["Inès"], SupervisionMode.WHISPER, reason="première semaine")
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    renew_whispers(floor.database, floor.provider, floor.clock)


def test_it_follows_her_to_her_other_telephone(floor: Floor, call_id: int) -> None:
    whisper(floor)
    assert floor.provider.coached == []  # nothing has changed
    move_to_other_telephone(floor, call_id)
    floor.provider.refusing = ProviderError("no", permanent=False)
    renew_whispers(floor.database, floor.provider, floor.clock)
    floor.provider.refusing = None
    for _ in range(2):
        renew_whispers(floor.database, floor.provider, floor.clock)
    assert [(sid, to) for _, sid, to in floor.provider.coached] == [(leg_of(floor).sid, "CA" + "e" * 32)]
    assert leg_of(floor).coached_leg_id == operators(floor)[-1].id


def test_the_patient_never_hears_what_was_meant_for_an_operator_who_is_cut_off(floor: Floor, call_id: int) -> None:
    whisper(floor)
    floor.hear(operators(floor)[0].id, LegNews.LEFT)
    renew_whispers(floor.database, floor.provider, floor.clock)
    sid = leg_of(floor).sid
    assert [(who, muted) for _, who, muted in floor.provider.muted] == [(sid, True)]
    assert [(who, to) for _, who, to in floor.provider.coached] == [(sid, None)]
    assert (leg_of(floor).muted, leg_of(floor).coaching) == (True, False)
    assert supervisions(floor)[0].mode == SupervisionMode.LISTEN
    renew_whispers(floor.database, floor.provider, floor.clock)
    assert len(floor.provider.muted) == 1


def move_to_other_telephone(floor: Floor, call_id: int) -> None:
    """Her operator is on another telephone: the whisper is to follow, with the next sweep."""
    with floor.database.unit_of_work(ALL) as session:
        other = want_leg(
            session,
            lock_call(session, call_id),
            role=LegRole.OPERATOR,
            label="operator-ear-2",
            address="+33639980033",
            staff_id=floor.staff["Inès"],
            at=floor.now,
        )
        other.sid = "CA" + "e" * 32
        other_id = other.id
    floor.hear(other_id, LegNews.ANSWERED, LegNews.JOINED)


def stands_at_carrier(floor: Floor) -> tuple[bool, str | None]:
    """Whether the carrier was told last to mute the supervisor, and who is to hear her alone."""
    return floor.provider.muted[-1][2], floor.provider.coached[-1][2]


@pytest.mark.parametrize("mode", [SupervisionMode.LISTEN, SupervisionMode.JOIN])
@pytest.mark.parametrize("gesture", ["set_coached", "set_muted"])
def test_what_she_chooses_while_a_whisper_follows_counts(
    floor: Floor, call_id: int, monkeypatch: pytest.MonkeyPatch, gesture: str, mode: SupervisionMode
) -> None:
    whisper(floor)
    move_to_other_telephone(floor, call_id)
    at_the_same_time(floor, monkeypatch, gesture, lambda: claire(floor).change(supervisions(floor)[0].id, mode))
    renew_whispers(floor.database, floor.provider, floor.clock)
    is_silent = mode is SupervisionMode.LISTEN
    assert stands_at_carrier(floor) == (is_silent, None)
    assert (leg_of(floor).muted, leg_of(floor).coaching, supervisions(floor)[0].mode) == (is_silent, False, mode)


@pytest.mark.parametrize("gesture", ["set_coached", "set_muted"])
def test_a_whisper_does_not_follow_while_she_is_choosing_to_listen(
    floor: Floor, call_id: int, monkeypatch: pytest.MonkeyPatch, gesture: str
) -> None:
    whisper(floor)
    move_to_other_telephone(floor, call_id)
    at_the_same_time(floor, monkeypatch, gesture, lambda: renew_whispers(floor.database, floor.provider, floor.clock))
    claire(floor).change(supervisions(floor)[0].id, SupervisionMode.LISTEN)
    assert stands_at_carrier(floor) == (True, None)
    assert (leg_of(floor).muted, leg_of(floor).coaching) == (True, False)


def test_what_the_carrier_did_not_do_is_not_what_she_does(floor: Floor, call_id: int) -> None:
    whisper(floor)
    floor.provider.refusing = ProviderError("no", permanent=False)
    with pytest.raises(Conflict):
        claire(floor).change(supervisions(floor)[0].id, SupervisionMode.JOIN)
    assert supervisions(floor)[0].mode == SupervisionMode.WHISPER


def at_the_same_time(floor: Floor, monkeypatch: pytest.MonkeyPatch, gesture: str, act: Callable[[], object]) -> None:
    """Act once, right after the carrier was first told this."""
    tell = getattr(floor.provider, gesture)

    def told(*what: object) -> None:
        tell(*what)
        monkeypatch.setattr(floor.provider, gesture, tell)
        act()

    monkeypatch.setattr(floor.provider, gesture, told)

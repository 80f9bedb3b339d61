"""Which telephone rings for her, and how a call moves from one to the other."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from callcenter.core.errors import Conflict, Invalid, ProviderError
from callcenter.directory.accounts import open_session
from callcenter.directory.identity import load_identity
from callcenter.routing.desk_claim import claim_desk
from callcenter.routing.ears import (
    Telephone,
    choose_ear,
    ear_view,
    is_expected,
    move_call,
    note_softphone,
    telephone_of,
)
from callcenter.routing.models import Agent, Ear
from callcenter.routing.old_ears import let_go_of_old_ears
from callcenter.telephony.models import Leg, LegRole
from callcenter.telephony.muting import mute_operator
from callcenter.telephony.state import LegNews
from tests.floor import ALL, Floor

MOBILE = "+33639980033"


def telephone(floor: Floor, name: str) -> Telephone:
    with floor.database.reading(ALL) as session:
        return telephone_of(session, floor.staff[name])


def choose(floor: Floor, name: str, ear: Ear, *, has_softphone: bool = True) -> None:
    with floor.database.unit_of_work(ALL) as session:
        choose_ear(session, floor.staff[name], ear, has_softphone=has_softphone, at=floor.now)


def sit_down(floor: Floor, name: str) -> str:
    """She opens her desk in a browser, which gets its pass; its address."""
    with floor.database.unit_of_work(ALL) as session:
        token = open_session(session, floor.staff[name], at=floor.now)
        me = load_identity(session, token, at=floor.now)
        assert me is not None
        claim_desk(session, floor.staff[name], me.session_id, at=floor.now)
        note_softphone(session, floor.staff[name], at=floor.now)
    return f"client:operator_{floor.staff[name]}_{me.session_id}"


def move(floor: Floor, name: str, call_id: int) -> Leg:
    with floor.database.unit_of_work(ALL) as session:
        leg = move_call(session, call_id, staff_id=floor.staff[name], at=floor.now)
    floor.dial(leg)
    return leg


def mute(floor: Floor, call_id: int, *, muted: bool) -> None:
    mute_operator(floor.database, floor.provider, call_id, floor.clock, staff_id=floor.staff["Ines"], muted=muted)


def own(floor: Floor) -> list[Leg]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Leg).where(Leg.role == LegRole.OPERATOR).order_by(Leg.id)))


def statuses(floor: Floor) -> list[tuple[str, str]]:
    return [(row["address"], row["status"]) for row in floor.rows(Leg)["leg"] if row["role"] == "operator"]


def test_a_number_asks_for_a_key_and_a_telephone_of_the_network_does_not(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    floor.hire("Lea")
    floor.hire("Nora", endpoint="")
    assert telephone(floor, "Ines") == Telephone(MOBILE, asks_key=True)
    assert telephone(floor, "Lea") == Telephone("client:lea")
    with pytest.raises(Invalid):
        telephone(floor, "Nora")


def test_each_browser_has_an_address_of_its_own(floor: Floor) -> None:
    floor.hire("Lea")
    first = sit_down(floor, "Lea")
    assert telephone(floor, "Lea") == Telephone(first)
    second = sit_down(floor, "Lea")
    assert telephone(floor, "Lea") == Telephone(second)
    assert first != second


def test_a_pass_does_not_take_her_from_her_own_telephone(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    address = sit_down(floor, "Ines")
    assert telephone(floor, "Ines").address == MOBILE
    choose(floor, "Ines", Ear.SOFTPHONE)
    assert telephone(floor, "Ines") == Telephone(address)
    choose(floor, "Ines", Ear.TELEPHONE)
    assert telephone(floor, "Ines").address == MOBILE


def test_nobody_changes_to_what_she_does_not_have(floor: Floor) -> None:
    floor.hire("Lea")
    with pytest.raises(Invalid):
        choose(floor, "Lea", Ear.TELEPHONE)
    with pytest.raises(Invalid):
        choose(floor, "Lea", Ear.SOFTPHONE, has_softphone=False)
    assert floor.agent("Lea").ear is None


def test_a_desk_that_is_open_nowhere_cannot_be_rung(floor: Floor) -> None:
    floor.hire("Lea")
    sit_down(floor, "Lea")
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Agent).values(session_id=None))
    with pytest.raises(Invalid):
        telephone(floor, "Lea")


def test_her_browser_answers_the_call_that_she_took_and_no_other(floor: Floor) -> None:
    floor.hire("Lea")
    address = sit_down(floor, "Lea")

    def expects(leg_sid: str, *, at: str = address) -> bool:
        with floor.database.reading(ALL) as session:
            return is_expected(session, at, staff_id=floor.staff["Lea"], leg_sid=leg_sid)

    assert not expects("CA" + "9" * 32)
    floor.ring()
    leg = floor.accept("Lea")
    sid = floor.provider.dialled[-1]["sid"]
    assert (expects(sid), expects("CA" + "9" * 32), expects(sid, at="client:operator_1_99")) == (True, False, False)
    floor.hear(leg.id, LegNews.COMPLETED)
    assert not expects(sid)


def test_a_call_moves_and_the_first_telephone_lets_go_once_the_other_is_in(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    address = sit_down(floor, "Ines")
    choose(floor, "Ines", Ear.SOFTPHONE)
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED, LegNews.MUTED)
    choose(floor, "Ines", Ear.TELEPHONE)
    new = move(floor, "Ines", call_id)
    assert move(floor, "Ines", call_id).id == new.id  # asked twice
    assert len(floor.provider.rung) == 1
    assert new.starts_muted  # as she was

    def sweep() -> None:
        let_go_of_old_ears(floor.database, floor.provider, floor.clock)

    with floor.database.reading(ALL) as session:
        assert ear_view(session, floor.staff["Ines"], has_softphone=True).is_moving
    floor.hear(new.id, LegNews.ANSWERED)
    sweep()
    assert floor.provider.hung_up == []
    floor.hear(new.id, LegNews.TAKEN, LegNews.JOINED)
    sweep()
    sweep()
    assert floor.provider.hung_up == [floor.provider.dialled[0]["sid"]]
    assert statuses(floor) == [(address, "left"), (MOBILE, "joined")]
    assert (floor.call(call_id).status, floor.status_of("Ines")) == ("talking", "on_call")


def test_a_telephone_that_does_not_take_the_call_leaves_her_where_she_is(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    address = sit_down(floor, "Ines")
    choose(floor, "Ines", Ear.SOFTPHONE)
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    choose(floor, "Ines", Ear.TELEPHONE)
    new = move(floor, "Ines", call_id)
    floor.hear(new.id, LegNews.ANSWERED, LegNews.COMPLETED)
    let_go_of_old_ears(floor.database, floor.provider, floor.clock)
    assert floor.provider.hung_up == []
    assert statuses(floor) == [(address, "joined"), (MOBILE, "failed")]
    assert (floor.call(call_id).status, floor.status_of("Ines")) == ("talking", "on_call")
    assert move(floor, "Ines", call_id).id != new.id  # and she may try again


@pytest.mark.parametrize("first", [False, True])
def test_whoever_is_heard_or_not_while_her_call_moves_stays_so(floor: Floor, first: bool) -> None:
    """She presses F6 while the other telephone rings: on a telephone of the network the carrier was told already."""
    floor.hire("Ines", endpoint=MOBILE)
    sit_down(floor, "Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.TAKEN, LegNews.JOINED)
    mute(floor, call_id, muted=first)
    choose(floor, "Ines", Ear.SOFTPHONE)
    new = move(floor, "Ines", call_id)
    mute(floor, call_id, muted=not first)
    floor.hear(new.id, LegNews.ANSWERED, LegNews.JOINED, *([LegNews.MUTED] if first else []))
    old_sid, new_sid = (leg.sid for leg in own(floor))

    floor.provider.refusing = ProviderError("no", permanent=False)
    let_go_of_old_ears(floor.database, floor.provider, floor.clock)
    floor.provider.refusing = None
    assert [leg.status for leg in own(floor)] == ["joined", "joined"]
    for _ in range(2):
        let_go_of_old_ears(floor.database, floor.provider, floor.clock)
    assert floor.provider.muted[-1][1:] == (new_sid, not first)
    assert floor.provider.hung_up == [old_sid]
    assert [(leg.status, leg.muted) for leg in own(floor)] == [("left", False), ("joined", not first)]


def test_her_own_telephone_comes_in_as_she_was_last(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    sit_down(floor, "Ines")
    choose(floor, "Ines", Ear.SOFTPHONE)
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    choose(floor, "Ines", Ear.TELEPHONE)
    move(floor, "Ines", call_id)
    mute(floor, call_id, muted=True)
    assert [leg.starts_muted for leg in own(floor)] == [False, True]


def test_what_she_presses_while_both_are_in_counts_for_both(floor: Floor) -> None:
    floor.hire("Ines", endpoint=MOBILE)
    sit_down(floor, "Ines")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Ines").id, LegNews.TAKEN, LegNews.JOINED)
    mute(floor, call_id, muted=True)
    choose(floor, "Ines", Ear.SOFTPHONE)
    new = move(floor, "Ines", call_id)
    floor.hear(new.id, LegNews.ANSWERED, LegNews.JOINED, LegNews.MUTED)
    mute(floor, call_id, muted=False)
    let_go_of_old_ears(floor.database, floor.provider, floor.clock)
    assert [(leg.status, leg.muted) for leg in own(floor)] == [("left", False), ("joined", False)]


def test_only_who_is_in_the_conversation_moves_it(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    floor.accept("Ines")
    for name in ("Ines", "Lea"):
        with pytest.raises(Conflict):
            move(floor, name, call_id)

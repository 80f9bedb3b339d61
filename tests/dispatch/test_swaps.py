"""Dr Lemoine offers her first week for Dr Arnaud's; only what both want happens, and once."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from callcenter.core.errors import Conflict, Forbidden, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.directory.models import Practitioner
from callcenter.dispatch.on_call import names_of
from callcenter.dispatch.on_call_models import ShiftSource, ShiftSwap, SwapStatus
from callcenter.dispatch.rotations import RotationParticulars, add_rotation
from callcenter.dispatch.shifts import OverrideParticulars, add_override
from callcenter.dispatch.swaps import (
    agree_to_swap,
    decline_swap,
    list_swaps,
    propose_swap,
    swappable_stretches,
    withdraw_swap,
)
from tests.dispatch.on_call_cast import EVERYTHING, NOW, Cast, cast, paris

__all__ = ["cast"]
HERS, HIS = "2026-11-23 18:00", "2026-11-30 18:00"


def _propose(cast: Cast, *, given: str = HERS, returned: str = HIS, at: datetime = NOW, by: str = "lemoine") -> int:
    with cast.database.unit_of_work(cast.scope) as session:
        giver = session.get_one(Practitioner, cast.lemoine)
        return propose_swap(
            session,
            giver,
            given_starts_at=paris(given),
            returned_starts_at=paris(returned),
            at=at,
            staff_id=cast.staff[by],
        ).id


def _agree(cast: Cast, swap_id: int, *, by: str = "arnaud", at: datetime = NOW) -> SwapStatus:
    with cast.database.unit_of_work(cast.scope) as session:
        return agree_to_swap(session, cast.tilleuls, swap_id, at=at, staff_id=cast.staff[by])


def _status(cast: Cast, swap_id: int) -> str:
    with cast.database.reading(EVERYTHING) as session:
        return session.scalars(select(ShiftSwap.status).where(ShiftSwap.id == swap_id)).one()


def test_once_he_agrees_each_has_the_other_s_week(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    assert cast.who("2026-11-24 12:00") == "Dr Lemoine", "a proposal alone changes nothing"
    assert _agree(cast, swap_id) == SwapStatus.AGREED
    assert [cast.who(f"{day} 12:00") for day in ("2026-11-24", "2026-12-02", "2026-12-09")] == [
        "Dr Arnaud",
        "Dr Lemoine",
        "Dr Lemoine",
    ]
    assert [(one.practitioner_id, one.source) for one in cast.shifts()] == [
        (cast.arnaud, ShiftSource.SWAP),
        (cast.lemoine, ShiftSource.SWAP),
    ]
    assert cast.acts()[1:] == ["on_call_swap_proposed", "on_call_swap_agreed"]


def test_a_week_cut_by_an_evening_without_anybody_is_swapped_in_its_parts(cast: Cast) -> None:
    cast.weeks()
    with cast.database.unit_of_work(cast.scope) as session:
        nobody = OverrideParticulars("nobody", "2026-11-25T18:00", "2026-11-26T08:00")
        add_override(session, cast.tilleuls, nobody, at=NOW, staff_id=cast.staff["sofia"])
    swap_id = _propose(cast)
    with cast.database.reading(cast.scope) as session:
        [listed] = list_swaps(session, cast.tilleuls, names=names_of(session, cast.tilleuls), at=NOW)
    assert listed.stands
    assert _agree(cast, swap_id) == SwapStatus.AGREED
    assert cast.who("2026-11-24 12:00") == "Dr Arnaud"
    assert cast.who("2026-11-27 12:00") == "Dr Lemoine", "the rest of her week is hers"


def test_proposed_twice_it_is_one_and_agreed_twice_it_counts_once(cast: Cast) -> None:
    cast.weeks()
    assert _propose(cast) == (swap_id := _propose(cast))
    assert [_agree(cast, swap_id), _agree(cast, swap_id)] == [SwapStatus.AGREED] * 2
    assert len(cast.shifts()) == 2


def test_agreed_in_two_browsers_at_once_it_counts_once(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    start, answers = threading.Barrier(2), []

    def agree() -> None:
        start.wait(5)
        answers.append(_agree(cast, swap_id))

    browsers = [threading.Thread(target=agree) for _ in range(2)]
    for one in browsers:
        one.start()
    for one in browsers:
        one.join(20)
    assert answers == [SwapStatus.AGREED] * 2
    assert len(cast.shifts()) == 2
    assert cast.acts().count("on_call_swap_agreed") == 1


def test_agreed_and_withdrawn_at_once_one_of_the_two_happens(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    start, refused = threading.Barrier(2), []

    def attempt(act: Callable[[], object]) -> None:
        start.wait(5)
        try:
            act()
        except Conflict as problem:
            refused.append(problem)

    def withdraw() -> None:
        with cast.database.unit_of_work(cast.scope) as session:
            withdraw_swap(session, cast.tilleuls, swap_id, at=NOW, staff_id=cast.staff["lemoine"])

    both = [threading.Thread(target=attempt, args=(act,)) for act in (lambda: _agree(cast, swap_id), withdraw)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert len(refused) == 1
    assert len(cast.shifts()) == (2 if _status(cast, swap_id) == "agreed" else 0)


def test_a_roster_that_changed_meanwhile_makes_it_outdated_and_stays(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    with cast.database.unit_of_work(cast.scope) as session:
        typed = OverrideParticulars(str(cast.nguyen), "2026-12-05T08:00", "2026-12-05T20:00")
        add_override(session, cast.tilleuls, typed, at=NOW, staff_id=cast.staff["sofia"])
        (listed,) = list_swaps(session, cast.tilleuls, names=names_of(session, cast.tilleuls), at=NOW)
    assert not listed.stands
    assert _agree(cast, swap_id) == SwapStatus.OUTDATED
    assert (_status(cast, swap_id), len(cast.shifts())) == ("outdated", 1)
    assert cast.who("2026-11-24 12:00") == "Dr Lemoine"
    with pytest.raises(Conflict):
        _agree(cast, swap_id)


def test_a_week_that_has_begun_is_not_swapped_any_more(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    assert _agree(cast, swap_id, at=paris("2026-11-23 18:00")) == SwapStatus.OUTDATED
    with pytest.raises(Conflict):
        _propose(cast, at=paris("2026-11-23 18:00"))


def test_who_declines_or_withdraws_leaves_the_roster_as_it_is(cast: Cast) -> None:
    cast.weeks()
    declined = _propose(cast)
    with cast.database.unit_of_work(cast.scope) as session:
        for _twice in range(2):
            decline_swap(session, cast.tilleuls, declined, at=NOW, staff_id=cast.staff["arnaud"])
    withdrawn = _propose(cast)
    assert withdrawn != declined, "she may ask again"
    with cast.database.unit_of_work(cast.scope) as session:
        for _twice in range(2):
            withdraw_swap(session, cast.tilleuls, withdrawn, at=NOW, staff_id=cast.staff["lemoine"])
    for swap_id in (declined, withdrawn):
        with pytest.raises(Conflict):
            _agree(cast, swap_id)
    assert (_status(cast, declined), _status(cast, withdrawn)) == ("declined", "withdrawn")
    assert cast.shifts() == []


@pytest.mark.parametrize("somebody_else", ["sofia", "lemoine", "kaplan"])
def test_nobody_agrees_or_declines_for_him(cast: Cast, somebody_else: str) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    with pytest.raises(Forbidden):
        _agree(cast, swap_id, by=somebody_else)
    with pytest.raises(Forbidden), cast.database.unit_of_work(cast.scope) as session:
        decline_swap(session, cast.tilleuls, swap_id, at=NOW, staff_id=cast.staff[somebody_else])
    assert (_status(cast, swap_id), cast.shifts()) == ("proposed", [])


def test_nobody_proposes_or_withdraws_for_her(cast: Cast) -> None:
    cast.weeks()
    with pytest.raises(Forbidden):
        _propose(cast, by="sofia")
    swap_id = _propose(cast)
    with pytest.raises(Forbidden), cast.database.unit_of_work(cast.scope) as session:
        withdraw_swap(session, cast.tilleuls, swap_id, at=NOW, staff_id=cast.staff["arnaud"])
    assert _status(cast, swap_id) == "proposed"


def test_what_is_not_hers_or_not_a_colleague_s_is_not_swapped(cast: Cast) -> None:
    cast.weeks()
    with pytest.raises(Conflict):
        _propose(cast, given=HIS, returned=HERS)
    with pytest.raises(Invalid):
        _propose(cast, returned="2026-12-07 18:00")  # hers as well
    with pytest.raises(Conflict):
        _propose(cast, returned="2026-12-01 18:00")  # no stretch begins then


def test_who_does_not_sign_in_could_not_agree(cast: Cast) -> None:
    typed = RotationParticulars("", (cast.lemoine, cast.nguyen), "7", "18:00", "2026-11-23")
    with cast.database.unit_of_work(cast.scope) as session:
        add_rotation(session, cast.tilleuls, typed, at=NOW, staff_id=None)
    with pytest.raises(Invalid) as refused:
        _propose(cast)
    assert refused.value.values["name"] == "Dr Nguyen"


def test_another_practice_s_swap_is_not_there(cast: Cast) -> None:
    cast.weeks()
    swap_id = _propose(cast)
    with pytest.raises(NotFound), cast.database.unit_of_work(Practices.of(cast.kaplan)) as session:
        agree_to_swap(session, cast.kaplan, swap_id, at=NOW, staff_id=cast.staff["kaplan"])


def test_of_a_swapped_week_the_new_one_may_be_swapped_again(cast: Cast) -> None:
    cast.weeks()
    _agree(cast, _propose(cast))
    with cast.database.reading(cast.scope) as session:
        stretches = swappable_stretches(session, cast.tilleuls, at=NOW)
    assert [(one.practitioner_id, one.source) for one in stretches[:3]] == [
        (cast.arnaud, ShiftSource.SWAP),
        (cast.lemoine, ShiftSource.SWAP),
        (cast.lemoine, ShiftSource.ROTATION),
    ]

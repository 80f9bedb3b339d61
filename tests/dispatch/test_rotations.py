"""Rotations are added, changed and ended; what has run stays as it ran."""

from datetime import date, timedelta

import pytest

from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.dispatch.on_call_models import OnCallRotation
from callcenter.dispatch.rotations import (
    RotationParticulars,
    add_rotation,
    change_rotation,
    end_rotation,
    list_rotations,
    load_rotation,
)
from tests.dispatch.on_call_cast import NOW, Cast, cast, paris

__all__ = ["cast"]
TUESDAY = NOW + timedelta(days=1)  # the first week runs


def _change(cast: Cast, rotation_id: int, typed: RotationParticulars, *, at: object = TUESDAY) -> int:
    with cast.database.unit_of_work(cast.scope) as session:
        return change_rotation(session, cast.tilleuls, rotation_id, typed, at=at, staff_id=cast.staff["sofia"]).id


def test_the_same_rotation_sent_twice_is_one(cast: Cast) -> None:
    assert cast.weeks() == cast.weeks()
    with cast.database.reading(cast.scope) as session:
        (only,) = list_rotations(session, cast.tilleuls, at=NOW)
    assert (only.members, only.has_begun) == ([cast.lemoine, cast.arnaud], False)
    assert cast.acts() == ["on_call_rotation_added"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"members": ()}, "members"),
        ({"turn_days": "0"}, "turn_days"),
        ({"turn_days": "sept"}, "turn_days"),
        ({"turn_days": "367"}, "turn_days"),
        ({"changes_at": "25:00"}, "changes_at"),
        ({"starts_on": ""}, "starts_on"),
        ({"starts_on": "2026-11-22"}, "starts_on"),
        ({"ends_on": "2026-11-22"}, "ends_on"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(cast: Cast, wrong: dict[str, object], field: str) -> None:
    right: dict[str, object] = {"members": (cast.lemoine,), "starts_on": "2026-11-23"}
    typed = RotationParticulars(**(right | wrong))  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused, cast.database.unit_of_work(cast.scope) as session:
        add_rotation(session, cast.tilleuls, typed, at=NOW, staff_id=None)
    assert refused.value.field == field
    with cast.database.unit_of_work(cast.scope) as session:
        add_rotation(session, cast.tilleuls, RotationParticulars(**right), at=NOW, staff_id=None)  # type: ignore[arg-type]


def test_nobody_of_another_practice_is_put_on_call(cast: Cast) -> None:
    typed = RotationParticulars("", (cast.lemoine,), "7", "18:00", "2026-11-23")
    with pytest.raises(Invalid) as refused, cast.database.unit_of_work(Practices.of(cast.kaplan)) as session:
        add_rotation(session, cast.kaplan, typed, at=NOW, staff_id=None)
    assert refused.value.field == "members"
    rotation_id = cast.weeks()
    with pytest.raises(NotFound), cast.database.reading(cast.scope) as session:
        load_rotation(session, cast.kaplan, rotation_id, at=NOW)


def test_one_that_has_not_begun_is_changed_itself(cast: Cast) -> None:
    rotation_id = cast.weeks()
    typed = RotationParticulars("", (cast.nguyen, cast.lemoine), "1", "8h", "24/11/2026")
    assert _change(cast, rotation_id, typed, at=NOW) == rotation_id
    assert [cast.who(f"2026-11-{day} 12:00") for day in (23, 24, 25)] == ["", "Dr Nguyen", "Dr Lemoine"]


def test_one_that_runs_finishes_its_turn_and_another_order_follows(cast: Cast) -> None:
    rotation_id = cast.weeks()
    typed = RotationParticulars("", (cast.nguyen, cast.arnaud), "7", "18:00", "2026-11-27")
    assert _change(cast, rotation_id, typed) != rotation_id
    assert cast.who("2026-11-24 12:00") == "Dr Lemoine", "what has run stays"
    assert cast.who("2026-11-29 12:00") == "Dr Lemoine", "the turn that runs is finished"
    assert cast.who("2026-12-01 12:00") == "Dr Nguyen", "then the new order counts"
    assert cast.who("2026-12-05 12:00") == "Dr Arnaud"
    assert cast.acts() == ["on_call_rotation_added", "on_call_rotation_ended", "on_call_rotation_changed"]


def test_the_order_of_today_and_before_is_not_written_anew(cast: Cast) -> None:
    rotation_id = cast.weeks()
    typed = RotationParticulars("", (cast.nguyen,), "7", "18:00", "2026-11-24")
    with pytest.raises(Invalid) as refused:
        _change(cast, rotation_id, typed)
    assert refused.value.field == "starts_on"
    assert cast.who("2026-11-24 20:00") == "Dr Lemoine"


def test_a_new_name_or_last_day_makes_no_second_rotation(cast: Cast) -> None:
    rotation_id = cast.weeks()
    typed = RotationParticulars("Nuits", (cast.lemoine, cast.arnaud), "7", "18:00", "2026-11-23", "2026-12-06")
    assert _change(cast, rotation_id, typed) == rotation_id
    with cast.database.reading(cast.scope) as session:
        (only,) = list_rotations(session, cast.tilleuls, at=TUESDAY)
    assert (only.row.name, only.row.ends_on) == ("Nuits", date(2026, 12, 6))


def test_an_ended_rotation_finishes_its_turn_and_is_kept(cast: Cast) -> None:
    rotation_id = cast.weeks()
    for _twice in range(2):
        with cast.database.unit_of_work(cast.scope) as session:
            end_rotation(session, cast.tilleuls, rotation_id, ends_on="", at=TUESDAY, staff_id=None)
    assert (cast.who("2026-11-30 17:00"), cast.who("2026-11-30 18:00")) == ("Dr Lemoine", "")
    with pytest.raises(Invalid), cast.database.unit_of_work(cast.scope) as session:
        end_rotation(session, cast.tilleuls, rotation_id, ends_on="2026-11-23", at=TUESDAY, staff_id=None)
    with cast.database.reading(cast.scope) as session:
        assert list_rotations(session, cast.tilleuls, at=paris("2026-12-01 12:00")) == []
        assert session.get(OnCallRotation, rotation_id) is not None
    typed = RotationParticulars("", (cast.nguyen,), "7", "18:00", "2026-12-02")
    with pytest.raises(Conflict):
        _change(cast, rotation_id, typed, at=paris("2026-12-01 12:00"))
    assert cast.acts().count("on_call_rotation_ended") == 1


def test_one_that_has_not_begun_never_does_once_it_is_ended(cast: Cast) -> None:
    rotation_id = cast.weeks(starts_on="2026-12-07")
    with cast.database.unit_of_work(cast.scope) as session:
        end_rotation(session, cast.tilleuls, rotation_id, ends_on="", at=NOW, staff_id=None)
        assert list_rotations(session, cast.tilleuls, at=NOW) == []
    assert cast.who("2026-12-08 12:00") == ""

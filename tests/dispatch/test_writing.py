"""A message as the operator types it, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenter.core.errors import Conflict, Invalid
from callcenter.dispatch.models import NoticeStatus, Target, Urgency
from callcenter.dispatch.writing import TypedMessage, write_message
from tests.agenda.cast import NINE, tilleuls
from tests.dispatch.cast import Centre


def test_it_is_kept_as_it_was_said(centre: Centre) -> None:
    words = 'Il dit : </Say><Dial>15</Dial> =HYPERLINK("x") 🩸'
    message = centre.message(
        centre.write(words=f"  {words} \x00", fields=[("Médicament", " Doliprane "), ("Dose", "")])
    )
    assert (message.words, message.fields) == (words, [["Médicament", "Doliprane"]])
    assert (message.callback_number, message.read_back) == ("+33639981472", True)


def test_sent_twice_it_is_one_message(centre: Centre) -> None:
    first = centre.write("m1")
    assert centre.write("m1", words="Autre chose") == first
    assert len(centre.notices(first)) == 1


def test_a_key_that_another_practice_has_used_is_a_refusal(centre: Centre) -> None:
    other = tilleuls(centre.database, code="autre")
    centre.write("m1")
    typed = TypedMessage("m1", "Autre chose", practitioner_id=other.practitioner_id)
    with pytest.raises(Conflict), centre.database.unit_of_work(other.scope) as session:
        write_message(session, other.practice_id, typed, staff_id=other.camille_id, at=NINE)


def test_nine_notices_are_planned_for_what_is_urgent(centre: Centre) -> None:
    planned = centre.notices(centre.urgent())
    assert [((one.due_at - NINE) / timedelta(minutes=1), one.target) for one in planned] == [
        *((minute, Target.ADDRESSEE) for minute in (0, 2, 4, 6, 8)),
        (10, Target.SECOND),
        (15, Target.ALTERNATE),
        (17, Target.SUPERVISOR),
    ]
    assert {one.status for one in planned} == {NoticeStatus.DUE}


def test_a_step_that_reaches_nobody_is_not_planned(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, second_number="", alternate_id=None)
    targets = [one.target for one in centre.notices(centre.urgent())]
    assert targets == [Target.ADDRESSEE] * 5 + [Target.SUPERVISOR]


def test_nobody_must_have_it_before_anybody_is_told(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, timing="batch", batch_at=["18:00"])
    message = centre.message(centre.write(within=timedelta(minutes=30)))
    assert message.deadline_at == message.due_at == NINE + timedelta(hours=9)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"words": "  \n"}, "words"),
        ({"number": "12"}, "number"),
        ({"number": "", "urgency": Urgency.URGENT}, "number"),
        ({"practitioner_id": 999}, "practitioner_id"),
        ({"patient_id": 999}, "patient_id"),
        ({"deadline_at": NINE - timedelta(minutes=1)}, "deadline"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(centre: Centre, typed: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        centre.write(**typed)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_doctor_of_another_practice_is_none_of_this(centre: Centre) -> None:
    other = tilleuls(centre.database, code="autre")
    with pytest.raises(Invalid):
        centre.write(practitioner_id=other.practitioner_id)
    with pytest.raises(Invalid):
        centre.write(patient_id=other.vasseur_id)

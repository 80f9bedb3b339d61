"""A practice's forms for kinds of messages: what is asked, in which order, under which digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid, NotFound
from callcenter.dispatch.models import MayAnswer, MessageTemplate, Urgency
from callcenter.dispatch.templates import (
    TypedField,
    TypedTemplate,
    add_template,
    change_template,
    list_templates,
    load_template,
    move_template,
    remove_template,
    typed_template,
)
from tests.agenda.cast import NINE
from tests.dispatch.cast import Centre

PRESCRIPTION = TypedTemplate(
    name="Ordonnance",
    urgency="today",
    deadline_minutes="240",
    may_answer="addressee",
    fields=[
        TypedField("Médicament", "text"),
        TypedField(),
        TypedField("Pharmacie", "choice", "du Port, de la Gare,du Port\n des Halles"),
        TypedField("Reste-t-il des comprimés ?", "yes_no", "ignored, here"),
    ],
)


def work(centre: Centre, act: Callable[[Session], Any]) -> Any:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        return act(session)


def add(centre: Centre, typed: TypedTemplate) -> MessageTemplate:
    def act(session: Session) -> MessageTemplate:
        return add_template(session, centre.cast.practice_id, typed, at=NINE, staff_id=None)

    found: MessageTemplate = work(centre, act)
    return found


def digits(centre: Centre) -> list[tuple[int, str]]:
    with centre.database.reading(centre.cast.scope) as session:
        return [(one.position, one.name) for one in list_templates(session, centre.cast.practice_id)]


def test_a_template_is_kept_with_its_fields_once_however_often_it_is_sent(centre: Centre) -> None:
    template = add(centre, PRESCRIPTION)
    assert add(centre, PRESCRIPTION).id == template.id
    assert digits(centre) == [(1, "Ordonnance")]
    assert template.fields == [
        {"label": "Médicament", "kind": "text", "choices": []},
        {"label": "Pharmacie", "kind": "choice", "choices": ["du Port", "de la Gare", "des Halles"]},
        {"label": "Reste-t-il des comprimés ?", "kind": "yes_no", "choices": []},
    ]
    assert (template.urgency, template.deadline_minutes) == (Urgency.TODAY, 240)
    assert template.may_answer == MayAnswer.ADDRESSEE


def test_what_a_form_shows_of_it_is_the_same_when_it_is_sent_back(centre: Centre) -> None:
    template = add(centre, PRESCRIPTION)

    def again(session: Session) -> bool:
        found = load_template(session, centre.cast.practice_id, template.id)
        return change_template(session, found, typed_template(found), at=NINE, staff_id=None)

    assert work(centre, again) is False


def test_they_change_places_and_close_up_when_one_goes(centre: Centre) -> None:
    ids = [add(centre, replace(PRESCRIPTION, name=name)).id for name in ("A", "B", "C", "D")]

    def move(template_id: int, by: int) -> None:
        def act(session: Session) -> None:
            found = load_template(session, centre.cast.practice_id, template_id)
            move_template(session, found, by, at=NINE, staff_id=None)

        work(centre, act)

    move(ids[2], -1)
    assert digits(centre) == [(1, "A"), (2, "C"), (3, "B"), (4, "D")]
    move(ids[0], -1)
    move(ids[3], 1)
    assert digits(centre) == [(1, "A"), (2, "C"), (3, "B"), (4, "D")]

    def forget(session: Session) -> None:
        found = load_template(session, centre.cast.practice_id, ids[2])
        remove_template(session, found, at=NINE, staff_id=None)

    work(centre, forget)
    assert digits(centre) == [(1, "A"), (2, "B"), (3, "D")]
    with pytest.raises(NotFound):
        work(centre, forget)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"urgency": "soon"}, "urgency"),
        ({"deadline_minutes": "0"}, "deadline_minutes"),
        ({"deadline_minutes": "10081"}, "deadline_minutes"),
        ({"may_answer": "anybody"}, "may_answer"),
        ({"fields": [TypedField("A", "picture")]}, "field-0"),
        ({"fields": [TypedField("A"), TypedField("a")]}, "field-1"),
        ({"fields": [TypedField("A", "choice", "one")]}, "field-0"),
        ({"fields": [TypedField("", "choice", "one, two")]}, "field-0"),
        ({"fields": [TypedField(f"F{nth}") for nth in range(9)]}, "field-8"),
    ],
)
def test_what_no_operator_could_fill_in_is_refused(centre: Centre, typed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(centre, replace(PRESCRIPTION, **typed))
    assert refused.value.field == field


def test_names_are_unlike_and_there_is_one_a_digit(centre: Centre) -> None:
    for nth in range(9):
        add(centre, replace(PRESCRIPTION, name=f"Modèle {nth}"))
    with pytest.raises(Invalid, match="of this name"):
        add(centre, replace(PRESCRIPTION, name="MODELE 3", urgency="routine"))
    with pytest.raises(Invalid, match="at most 9"):
        add(centre, PRESCRIPTION)

"""A practice's templates of messages: one form each, and their order, which is their digit."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.directory.identity import Identity
from callcenter.dispatch.models import MayAnswer, Urgency
from callcenter.dispatch.templates import (
    KINDS,
    MOST_FIELDS,
    MOST_TEMPLATES,
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
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.message_words import FIELD_WORDS, MAY_ANSWER_WORDS, URGENCY_WORDS
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()
_BASE = "/practices/{practice_id}/messages/templates"
_ONE = _BASE + "/{template_id}"


class TemplateForm(BaseModel):
    """A template as posted."""

    name: str = ""
    urgency: str = Urgency.ROUTINE
    deadline_minutes: str = ""
    may_answer: str = MayAnswer.PRACTICE
    label: list[str] = []
    kind: list[str] = []
    choices: list[str] = []

    def typed(self) -> TypedTemplate:
        """What ``dispatch`` reads."""
        rows = zip(self.label, self.kind, self.choices, strict=False)
        fields = [TypedField(*row) for row in rows]
        return TypedTemplate(self.name, self.urgency, self.deadline_minutes, self.may_answer, fields)


@router.get(_BASE)
def new(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The form of one more template."""
    return _show(request, session, practice_id, me, TypedTemplate(), Typed({"may_answer": MayAnswer.PRACTICE}))


@router.post(_BASE)
def add(
    request: Request,
    practice_id: int,
    typed: Annotated[TemplateForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Note a template under the next digit."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        add_template(session, practice_id, typed.typed(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, typed.typed(), Typed(typed.model_dump(), refused))
    return saved(request, f"/practices/{practice_id}/messages")


@router.get(_ONE)
def template(request: Request, practice_id: int, template_id: int, session: Reads, me: Supervisor) -> Response:
    """One template, to be corrected."""
    open_frame(session, practice_id, me)
    kept = typed_template(load_template(session, practice_id, template_id))
    values = {
        "name": kept.name,
        "urgency": kept.urgency,
        "deadline_minutes": kept.deadline_minutes,
        "may_answer": kept.may_answer,
    }
    return _show(request, session, practice_id, me, kept, Typed(values), chosen=template_id)


@router.post(_ONE)
def change(
    request: Request,
    practice_id: int,
    template_id: int,
    typed: Annotated[TemplateForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Correct a template."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_template(session, practice_id, template_id)
        change_template(session, found, typed.typed(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, me, typed.typed(), form, chosen=template_id)
    return saved(request, f"/practices/{practice_id}/messages")


@router.post(_ONE + "/move")
def move(
    request: Request,
    practice_id: int,
    template_id: int,
    session: Writes,
    me: Supervisor,
    at: At,
    where: Annotated[Literal["up", "down"], Form()],
) -> Response:
    """Exchange its digit with its neighbour's."""
    open_frame(session, practice_id, me)
    found = load_template(session, practice_id, template_id)
    move_template(session, found, -1 if where == "up" else 1, at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/messages")


@router.post(_ONE + "/removal")
def remove(request: Request, practice_id: int, template_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """Forget a template."""
    open_frame(session, practice_id, me)
    remove_template(session, load_template(session, practice_id, template_id), at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/messages")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    typed: TypedTemplate,
    form: Typed,
    *,
    chosen: int | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    rows = [*typed.fields, *[TypedField()] * MOST_FIELDS][:MOST_FIELDS]
    return show_section(
        request,
        frame,
        me,
        "messages",
        template="practices/message_template.html",
        form=form,
        rows=rows,
        chosen=chosen,
        is_full=chosen is None and len(list_templates(session, practice_id)) >= MOST_TEMPLATES,
        kinds=KINDS,
        field_words=FIELD_WORDS,
        urgency_words=URGENCY_WORDS,
        may_answer_words=MAY_ANSWER_WORDS,
    )

"""Messages for practitioners at the desk: the form in a call, and taking one back."""

from collections.abc import Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_, format_day_short, format_time, gettext
from callcenter.core.scope import Practices
from callcenter.desk.handling import handled_call
from callcenter.desk.message_writing import (
    FORM,
    ON_CALL,
    MessageForm,
    ToldWhen,
    TypedForm,
    Written,
    message_form,
    write_in_call,
)
from callcenter.directory.practices import load_practice
from callcenter.dispatch.models import MayAnswer, Urgency
from callcenter.dispatch.rules.fields import NO, YES
from callcenter.dispatch.writing import withdraw_message
from callcenter.web.context import LARGEST_ID, At, Operator, Reads, TheWorld, Writes
from callcenter.web.desk_view import Moments
from callcenter.web.forms import Typed
from callcenter.web.message_words import MESSAGE_WORDS
from callcenter.web.pages.who_next import who_next_context
from callcenter.web.preference_form import read_id
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

_WHEN: dict[ToldWhen, str] = {
    ToldWhen.NOW: N_("Message for %(name)s sent."),
    ToldWhen.PATIENT_LEAVES: N_("Message for %(name)s kept: told at %(when)s, between two patients."),
    ToldWhen.BATCH: N_("Message for %(name)s kept: told at %(when)s, with the others of that hour."),
    ToldWhen.QUIET_ENDS: N_("Message for %(name)s kept: told at %(when)s, after the quiet hours."),
}


class SentForm(BaseModel):
    """The form as sent; the fields of the practice's own forms come with it, as ``field-<form>-<number>``."""

    model_config = ConfigDict(extra="allow")

    request_key: Annotated[str, Field(min_length=1, max_length=60)]
    whom: str = ""
    template: str = ""
    words: str = ""
    caller: str = ""
    number: str = ""
    read_back: bool = False
    urgency: str = Urgency.ROUTINE
    deadline: str = ""
    may_answer: str = MayAnswer.PRACTICE
    tells_patient: bool = False

    @property
    def template_id(self) -> int | None:
        """Which of the practice's forms; None: none."""
        is_id = self.template.isdecimal() and len(self.template) < 10
        return int(self.template) if is_id and 0 < int(self.template) <= LARGEST_ID else None

    def fields(self) -> Mapping[str, str]:
        """What was typed into the fields of the chosen form, by their own names."""
        start = f"field-{self.template}-"
        sent = self.model_extra or {}
        return {
            name.replace(start, "field-", 1): value
            for name, value in sent.items()
            if name.startswith(start) and isinstance(value, str)
        }


@router.get("/calls/{call_id}/message")
def begin(request: Request, call_id: int, session: Reads, me: Operator, at: At) -> HTMLResponse:
    """The form, with what the call knows already."""
    asked = message_form(session, call_id, staff_id=me.staff_id, at=at)
    only = asked.practitioners[0][0] if len(asked.practitioners) == 1 else ""
    known = {
        "whom": str(only),
        "template": "",
        "urgency": Urgency.ROUTINE.value,
        "may_answer": MayAnswer.PRACTICE.value,
        "caller": asked.caller,
        "number": asked.number,
        "words": asked.words,
        "request_key": asked.request_key,
    }
    return _dialog(request, asked, Typed(known), at=at)


@router.get("/calls/{call_id}/who-next")
def show_who_next(
    request: Request,
    call_id: int,
    session: Reads,
    me: Operator,
    at: At,
    whom: str = "",
    urgency: Urgency = Urgency.ROUTINE,
) -> HTMLResponse:
    """Beside the form: who would be told of it as it stands, and then; nobody is told by reading it."""
    call = handled_call(session, call_id, staff_id=me.staff_id)
    practice = load_practice(session, call.practice_id, me.practice_ids)
    context = who_next_context(
        session, practice, me, practitioner="" if whom == ON_CALL else whom, urgency=urgency, moment="", at=at
    )
    return page(
        request,
        "desk/_message_who_next.html",
        call_id=call_id,
        is_chosen=whom == ON_CALL or read_id(whom) is not None,
        **context,
    )


@router.post("/calls/{call_id}/messages")
def send(
    request: Request, call_id: int, world: TheWorld, me: Operator, at: At, sent: Annotated[SentForm, Form()]
) -> Response:
    """Keep the message, and say when the first is told; the same form sent twice is one message."""
    typed = TypedForm(
        request_key=sent.request_key,
        whom=sent.whom,
        words=sent.words,
        urgency=sent.urgency,
        caller=sent.caller,
        number=sent.number,
        read_back=sent.read_back,
        deadline=sent.deadline,
        may_answer=sent.may_answer,
        tells_patient=sent.tells_patient,
        template_id=sent.template_id,
        fields=sent.fields(),
    )
    said = {YES: gettext("Yes"), NO: gettext("No")}
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            written = write_in_call(session, call_id, typed, yes_and_no=said, staff_id=me.staff_id, at=at)
    except Invalid as refused:
        where = refused.field.replace("field-", f"field-{sent.template}-", 1)
        mended = Invalid(refused.sentence, field=where, **refused.values)
        with world.database.reading(Practices(me.practice_ids)) as session:
            asked = message_form(session, call_id, staff_id=me.staff_id, at=at)
        return _dialog(request, asked, Typed(sent.model_dump(), mended), at=at)
    if not is_htmx(request):
        return redirect(request, "/desk")
    headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML", "HX-Trigger": "desk-changed"}
    return page(request, "desk/_message_told.html", headers=headers, sentence=_told(written, at=at))


@router.post("/messages/{message_id}/withdrawal")
def take_back(request: Request, message_id: int, session: Writes, me: Operator, at: At) -> Response:
    """Take back a message that was written by mistake: nobody is told any more."""
    withdraw_message(session, message_id, staff_id=me.staff_id, at=at)
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Trigger": "desk-changed"})
    return redirect(request, "/desk")


def _told(written: Written, *, at: At) -> str:
    place = ZoneInfo(written.zone)
    due = written.due_at.astimezone(place)
    hour = format_time(due)
    when = hour if due.date() == at.astimezone(place).date() else f"{format_day_short(due)} {hour}"
    if not written.name:
        return gettext(N_("Nobody is on call: the supervisors have the message."))
    return gettext(_WHEN[written.when], name=written.name, when=when)


def _dialog(request: Request, asked: MessageForm, form: Typed, *, at: At) -> HTMLResponse:
    return page(
        request,
        "desk/_message.html" if is_htmx(request) else "desk/message_page.html",
        status=form.status,
        asked=asked,
        form=form,
        form_name=FORM,
        on_call=ON_CALL,
        f=Moments(at),
        **MESSAGE_WORDS,
    )

"""What somebody has typed into a form of a call and not sent yet: kept here, so that a reload loses nothing.

A draft ends when its form is sent. What the caller says is no draft: it is kept with the call (``desk.notes``).
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.text import printable
from callcenter.desk.handling import handled_call
from callcenter.desk.models import Draft
from callcenter.routing.agents import was_changed

HANDED_ON = frozenset({"new-patient"})
"""Forms about the patient: whoever has the call next goes on where a colleague had to stop."""

KEPT_FOR = timedelta(hours=24)
_FORMS_AT_MOST = 12  # of one person in one call
_FIELDS_AT_MOST = 60  # a message brings those of every form of its practice
_NAME_LIMIT = 40
_VALUE_LIMIT = 4000
_SIZE_LIMIT = 16_000
_FORM_LIMIT = 30


def read_fields(typed: str) -> dict[str, str]:
    """The fields that a page sent, as JSON: name to text. Raises ``Invalid`` for anything else, or too much of it."""
    if len(typed) > _SIZE_LIMIT:
        raise Invalid(N_("That is too long to be kept."), field="fields")
    try:
        fields = json.loads(typed or "{}")
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or len(fields) > _FIELDS_AT_MOST:
        raise Invalid(N_("Something on this form could not be read."), field="fields")
    if not all(isinstance(value, str) and len(name) <= _NAME_LIMIT for name, value in fields.items()):
        raise Invalid(N_("Something on this form could not be read."), field="fields")
    # As typed, spaces at its ends included: it is put back into the field while she goes on typing.
    return {printable(name): printable(value)[:_VALUE_LIMIT] for name, value in fields.items()}


def save_draft(
    session: Session, call_id: int, *, staff_id: int, form: str, fields: Mapping[str, str], at: datetime
) -> None:
    """Keep what she has typed so far; the last text sent wins, and an emptied form is forgotten. Signals nothing.

    Raises ``NotFound`` for a call that is not hers and ``Invalid`` for a form that none of ours can be.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    if not form or len(form) > _FORM_LIMIT or not form.replace("-", "").isalnum() or not form.isascii():
        raise Invalid(N_("Something on this form could not be read."), field="form")
    if not any(value.strip() for value in fields.values()):
        drop_draft(session, call_id, staff_id=staff_id, form=form)
        return
    hers = (Draft.call_id == call_id, Draft.staff_id == staff_id)
    text = json.dumps(dict(fields), ensure_ascii=False)
    written = update(Draft).where(*hers, Draft.form == form).values(fields=text, saved_at=at)
    if was_changed(session, written):
        return
    if (session.scalar(select(func.count()).select_from(Draft).where(*hers)) or 0) >= _FORMS_AT_MOST:
        raise Invalid(N_("That is too long to be kept."), field="form")
    key = {"call_id": call_id, "staff_id": staff_id, "form": form}
    if not insert_new(session, Draft, **key, practice_id=call.practice_id, fields=text, saved_at=at):
        session.execute(written)  # two pages of hers, at the same moment


def drop_draft(session: Session, call_id: int, *, staff_id: int, form: str) -> None:
    """Her form was sent: what is left of it here would come back as if it had not."""
    session.execute(delete(Draft).where(Draft.call_id == call_id, Draft.staff_id == staff_id, Draft.form == form))


def drop_drafts(session: Session, call_id: int, *, staff_id: int) -> None:
    """She is done with this call."""
    session.execute(delete(Draft).where(Draft.call_id == call_id, Draft.staff_id == staff_id))


def drop_of_everybody(session: Session, call_id: int, *, form: str) -> None:
    """What several had begun is done: nobody is to begin it again."""
    session.execute(delete(Draft).where(Draft.call_id == call_id, Draft.form == form))


def forget_drafts(session: Session, *, at: datetime) -> None:
    """Delete what nobody has sent for a day."""
    session.execute(delete(Draft).where(Draft.saved_at < at - KEPT_FOR))


def drafts_of(session: Session, call_id: int, *, staff_id: int) -> dict[str, dict[str, str]]:
    """Her drafts in this call, by form; of a form that is handed on, a colleague's when she has none of her own."""
    rows = session.execute(
        select(Draft.form, Draft.staff_id, Draft.fields).where(Draft.call_id == call_id).order_by(Draft.saved_at)
    )
    found: dict[str, dict[str, str]] = {}
    own: set[str] = set()
    for form, writer_id, fields in rows:
        if writer_id == staff_id:
            own.add(form)
        elif form not in HANDED_ON or form in own:
            continue
        found[form] = json.loads(fields)
    return found

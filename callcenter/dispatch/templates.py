"""A practice's own forms for kinds of messages: what is asked, and what a message begins with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line, search_key
from callcenter.directory.changes import fill, needed
from callcenter.directory.models import Practice
from callcenter.dispatch.models import MayAnswer, MessageTemplate, Urgency
from callcenter.dispatch.rules.fields import FieldKind

MOST_TEMPLATES = 9  # each has its digit
MOST_FIELDS = 8
MOST_CHOICES = 12
LONGEST_MINUTES = 7 * 24 * 60
KINDS = tuple(FieldKind)


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field as typed; ``choices`` apart by commas or on lines of their own."""

    label: str = ""
    kind: str = "text"
    choices: str = ""


@dataclass(frozen=True, slots=True)
class TypedTemplate:
    """A template as typed; ``deadline_minutes`` empty: as its urgency says."""

    name: str = ""
    urgency: str = Urgency.ROUTINE
    deadline_minutes: str = ""
    may_answer: str = MayAnswer.PRACTICE
    fields: Sequence[TypedField] = ()


def list_templates(session: Session, practice_id: int) -> Sequence[MessageTemplate]:
    """The practice's templates in the order of their digits."""
    return session.scalars(
        select(MessageTemplate).where(MessageTemplate.practice_id == practice_id).order_by(MessageTemplate.position)
    ).all()


def load_template(session: Session, practice_id: int, template_id: int) -> MessageTemplate:
    """One template of this practice. Raises ``NotFound``."""
    found = session.scalar(
        select(MessageTemplate).where(MessageTemplate.practice_id == practice_id, MessageTemplate.id == template_id)
    )
    if found is None:
        raise NotFound(N_("This practice has no such template."))
    return found


def typed_template(template: MessageTemplate) -> TypedTemplate:
    """What is kept, as a form shows it."""
    return TypedTemplate(
        name=template.name,
        urgency=template.urgency,
        deadline_minutes=str(template.deadline_minutes or ""),
        may_answer=template.may_answer,
        fields=[
            TypedField(str(one["label"]), str(one["kind"]), ", ".join(_texts(one["choices"])))
            for one in template.fields
        ],
    )


def add_template(
    session: Session, practice_id: int, typed: TypedTemplate, *, at: datetime, staff_id: int | None
) -> MessageTemplate:
    """Note a template under the next digit; the same one sent twice is one. Raises ``Invalid``."""
    columns = _columns(typed)
    known = _locked(session, practice_id)
    same = next((one for one in known if search_key(one.name) == search_key(str(columns["name"]))), None)
    if same is not None and all(getattr(same, name) == value for name, value in columns.items()):
        return same
    _refuse_name(known, str(columns["name"]), but=None)
    if len(known) >= MOST_TEMPLATES:
        raise Invalid(N_("A practice has at most %(most)s templates: one a digit."), most=MOST_TEMPLATES)
    template = MessageTemplate(practice_id=practice_id, position=len(known) + 1, **columns)
    session.add(template)
    session.flush()
    _note(session, template, "message_template_added", at=at, staff_id=staff_id)
    return template


def change_template(
    session: Session, template: MessageTemplate, typed: TypedTemplate, *, at: datetime, staff_id: int | None
) -> bool:
    """Correct a template and tell whether anything changed; messages written with it stay. Raises ``Invalid``."""
    columns = _columns(typed)
    _refuse_name(_locked(session, template.practice_id), str(columns["name"]), but=template.id)
    changed = fill(template, columns)
    if changed:
        session.flush()
        _note(session, template, "message_template_changed", at=at, staff_id=staff_id)
    return changed


def move_template(session: Session, template: MessageTemplate, by: int, *, at: datetime, staff_id: int | None) -> None:
    """Exchange digits with the template before (-1) or after (1) it; at either end nothing changes."""
    known = list(_locked(session, template.practice_id))
    here = known.index(template)
    there = here + by
    if not 0 <= there < len(known):
        return
    known[here], known[there] = known[there], known[here]
    _number(session, known)
    _note(session, template, "message_template_moved", at=at, staff_id=staff_id)


def remove_template(session: Session, template: MessageTemplate, *, at: datetime, staff_id: int | None) -> None:
    """Forget a template; those after it move up. Messages written with it stay as they are."""
    known = [one for one in _locked(session, template.practice_id) if one.id != template.id]
    session.delete(template)
    session.flush()
    _number(session, known)
    _note(session, template, "message_template_removed", at=at, staff_id=staff_id)


def _locked(session: Session, practice_id: int) -> Sequence[MessageTemplate]:
    """The practice's templates, with nobody else changing them until the end of the transaction.

    Calls that come in meanwhile only refer to the practice, and do not wait.
    """
    session.execute(select(Practice.id).where(Practice.id == practice_id).with_for_update(key_share=True))
    return list_templates(session, practice_id)


def _number(session: Session, templates: Sequence[MessageTemplate]) -> None:
    """Give these their digits anew, by way of numbers that none has: two never share one, not even on the way."""
    wrong = [(nth, one) for nth, one in enumerate(templates, start=1) if one.position != nth]
    for nth, one in wrong:
        one.position = -nth
    session.flush()
    for nth, one in wrong:
        one.position = nth
    session.flush()


def _columns(typed: TypedTemplate) -> dict[str, object]:
    if typed.urgency not in set(Urgency):
        raise Invalid(N_("Choose how urgent such a message is."), field="urgency")
    if typed.may_answer not in set(MayAnswer):
        raise Invalid(N_("Choose who may answer."), field="may_answer")
    return {
        "name": needed(typed.name, N_("Give the template a name. Example: Prescription."), field="name", limit=60),
        "urgency": Urgency(typed.urgency),
        "deadline_minutes": _minutes(typed.deadline_minutes),
        "may_answer": MayAnswer(typed.may_answer),
        "fields": _fields(typed.fields),
    }


def _minutes(typed: str) -> int | None:
    cleaned = clean_line(typed, limit=12)
    if not cleaned:
        return None
    if not (cleaned.isascii() and cleaned.isdigit() and 0 < int(cleaned) <= LONGEST_MINUTES):
        raise Invalid(
            N_("A number from %(least)s to %(most)s."), field="deadline_minutes", least=1, most=LONGEST_MINUTES
        )
    return int(cleaned)


def _fields(typed: Sequence[TypedField]) -> list[dict[str, object]]:
    """The fields that have a label, as they are kept: ``{"label", "kind", "choices"}``. Raises ``Invalid``."""
    kept: list[dict[str, object]] = []
    labels: set[str] = set()
    for nth, one in enumerate(typed):
        field = f"field-{nth}"
        label = clean_line(one.label, limit=60)
        choices = [found for word in one.choices.replace("\n", ",").split(",") if (found := clean_line(word, limit=60))]
        if not label:
            if choices:
                raise Invalid(N_("Say what these choices are about."), field=field)
            continue
        if one.kind not in KINDS:
            raise Invalid(N_("Choose a kind of field."), field=field)
        if label.casefold() in labels:
            raise Invalid(N_("Two fields have the same label."), field=field)
        if one.kind == "choice" and not 2 <= len(set(choices)) <= MOST_CHOICES:
            raise Invalid(N_("A choice has 2 to %(most)s answers, apart by commas."), field=field, most=MOST_CHOICES)
        labels.add(label.casefold())
        kept.append(
            {"label": label, "kind": one.kind, "choices": list(dict.fromkeys(choices)) if one.kind == "choice" else []}
        )
    if len(kept) > MOST_FIELDS:
        raise Invalid(N_("A template has at most %(most)s fields."), field=f"field-{MOST_FIELDS}", most=MOST_FIELDS)
    return kept


def _refuse_name(known: Sequence[MessageTemplate], name: str, *, but: int | None) -> None:
    if any(one.id != but and search_key(one.name) == search_key(name) for one in known):
        raise Invalid(N_("There is a template of this name already."), field="name")


def _texts(kept: object) -> list[str]:
    return [str(one) for one in kept] if isinstance(kept, list) else []


def _note(session: Session, template: MessageTemplate, action: str, *, at: datetime, staff_id: int | None) -> None:
    record_act(
        session,
        action,
        f"message_template {template.id}",
        at=at,
        staff_id=staff_id,
        practice_id=template.practice_id,
    )
    touch(session, f"messages-{template.practice_id}")

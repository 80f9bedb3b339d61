"""Messages for practitioners, written in a call: what the form begins with, and how it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import Appointment, AppointmentStatus
from callcenter.agenda.rules.typed_moments import read_moment
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phone import format_number, is_mobile, parse_number
from callcenter.core.wall_time import instant_of
from callcenter.desk.drafts import drop_draft
from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote
from callcenter.desk.queue_view import person_name
from callcenter.directory.models import Patient, Practice, Practitioner
from callcenter.directory.practitioners import list_practitioners
from callcenter.dispatch.models import MayAnswer, Message, MessageTemplate, Timing, Urgency
from callcenter.dispatch.on_call import who_is_on_call
from callcenter.dispatch.recipients import schedule_of
from callcenter.dispatch.rules.deadline import DAY_ENDS, deadline
from callcenter.dispatch.rules.fields import FormField, check_fields, read_fields
from callcenter.dispatch.writing import TypedMessage, write_message

FORM = "message"
ON_CALL = "on_call"
"""What stands for whoever is on call where a practitioner is chosen."""

_WITH_THE_PRACTITIONER = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)


class ToldWhen(StrEnum):
    """Why the first notice leaves at its instant."""

    NOW = "now"
    PATIENT_LEAVES = "patient_leaves"
    BATCH = "batch"
    QUIET_ENDS = "quiet_ends"


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """One of the practice's own forms; ``deadline_at`` None: as the urgency says."""

    id: int
    name: str
    fields: Sequence[FormField]
    urgency: Urgency
    may_answer: MayAnswer
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageForm:
    """What the form shows, and begins with. ``on_call`` is the name of whoever is on call now, empty for nobody."""

    call_id: int
    practice: str
    zone: str
    language: str
    practitioners: Sequence[tuple[int, str]]
    on_call: str
    templates: Sequence[TemplateChoice]
    deadlines: Mapping[Urgency, datetime]
    patient: str
    caller: str
    number: str
    words: str
    request_key: str


@dataclass(frozen=True, slots=True)
class TypedForm:
    """The form as it was sent. ``fields`` by their names, of the chosen template."""

    request_key: str
    whom: str = ""
    words: str = ""
    urgency: str = Urgency.ROUTINE
    caller: str = ""
    number: str = ""
    read_back: bool = False
    deadline: str = ""
    may_answer: str = MayAnswer.PRACTICE
    tells_patient: bool = False
    template_id: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A message just written: for whom, and when the first is told why. ``name`` is empty when nobody is on call."""

    message_id: int
    name: str
    due_at: datetime
    when: ToldWhen
    zone: str


def message_form(session: Session, call_id: int, *, staff_id: int, at: datetime) -> MessageForm:
    """The form for a message of this call. Raises ``NotFound`` for a call that is not hers."""
    call = handled_call(session, call_id, staff_id=staff_id)
    practice = session.get_one(Practice, call.practice_id)
    noted = session.execute(
        select(CallNote.words, Patient)
        .outerjoin(Patient, Patient.id == CallNote.patient_id)
        .where(CallNote.call_id == call_id)
    ).one_or_none()
    words, patient = ("", None) if noted is None else (noted[0], noted[1])
    name = "" if patient is None else person_name(patient)
    number = call.from_number or (patient.phone if patient is not None else None)
    return MessageForm(
        call_id=call_id,
        practice=practice.name,
        zone=practice.zone,
        language=practice.language,
        practitioners=[(one.id, one.name) for one in list_practitioners(session, practice.id)],
        on_call=_name_on_call(session, practice.id, at=at),
        templates=_templates(session, practice.id, at=at),
        deadlines={urgency: deadline(urgency, written_at=at, zone=practice.zone) for urgency in Urgency},
        patient=name,
        caller=name,
        number=format_number(number, country=practice.country),
        words=words,
        request_key=uuid4().hex,
    )


def write_in_call(
    session: Session, call_id: int, typed: TypedForm, *, yes_and_no: Mapping[str, str], staff_id: int, at: datetime
) -> Written:
    """Keep the message and plan its notices; sent twice, it is the first.

    The patient is whom the call is about, as its card shows. Raises ``NotFound`` for a call that is not hers and
    ``Invalid`` with the field that is to be mended.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    practice = session.get_one(Practice, call.practice_id)
    today = at.astimezone(ZoneInfo(practice.zone)).date()
    practitioner_id = _whom(typed.whom)
    template = _template(session, practice.id, typed.template_id)
    fields = check_fields(read_fields(template.fields), typed.fields, today=today, words=yes_and_no) if template else ()
    if typed.tells_patient:
        _refuse_unreachable(typed.number, country=practice.country)
    within = timedelta(minutes=template.deadline_minutes) if template and template.deadline_minutes else None
    urgency = _urgency(typed.urgency)
    # A template's own deadline goes with its own urgency: made more urgent, the message is not kept longer.
    if template is not None and template.urgency != urgency:
        within = None
    free_at = None if practitioner_id is None else free_at_of(session, practitioner_id, at=at)
    message = write_message(
        session,
        practice.id,
        TypedMessage(
            request_key=typed.request_key,
            words=typed.words,
            urgency=urgency,
            practitioner_id=practitioner_id,
            caller=typed.caller,
            number=typed.number,
            read_back=typed.read_back,
            fields=fields,
            may_answer=MayAnswer.ADDRESSEE if typed.may_answer == MayAnswer.ADDRESSEE else MayAnswer.PRACTICE,
            tells_patient=typed.tells_patient,
            patient_id=session.scalar(select(CallNote.patient_id).where(CallNote.call_id == call_id)),
            call_id=call_id,
            within=within,
            deadline_at=_deadline(typed.deadline, zone=practice.zone, at=at),
        ),
        staff_id=staff_id,
        at=at,
        free_at=free_at,
    )
    drop_draft(session, call_id, staff_id=staff_id, form=FORM)
    return _written(session, message, practice, free_at=free_at, at=at)


def free_at_of(session: Session, practitioner_id: int, *, at: datetime) -> datetime | None:
    """When the patient leaves who is with the practitioner now; None: nobody is. One query."""
    second = int(at.timestamp())
    ends = session.scalar(
        select(func.max(Appointment.end)).where(
            Appointment.practitioner_id == practitioner_id,
            Appointment.status.in_(_WITH_THE_PRACTITIONER),
            Appointment.start <= second,
            Appointment.end > second,
        )
    )
    return None if ends is None else datetime.fromtimestamp(ends, UTC)


def _written(
    session: Session, message: Message, practice: Practice, *, free_at: datetime | None, at: datetime
) -> Written:
    when = ToldWhen.NOW
    if message.practitioner_id is None:
        name = _name_on_call(session, practice.id, at=at)
    else:
        name = session.get_one(Practitioner, message.practitioner_id).name
        if message.due_at > message.written_at:
            wishes = schedule_of(session, message.practitioner_id)
            hour = message.due_at.astimezone(ZoneInfo(practice.zone)).time()
            if message.due_at == free_at:
                when = ToldWhen.PATIENT_LEAVES
            elif wishes.timing is Timing.BATCH and hour in wishes.batch_at:
                when = ToldWhen.BATCH
            else:
                when = ToldWhen.QUIET_ENDS
    return Written(message.id, name, message.due_at, when, practice.zone)


def _name_on_call(session: Session, practice_id: int, *, at: datetime) -> str:
    shift = who_is_on_call(session, practice_id, at=at)
    if shift is None or shift.practitioner_id is None:
        return ""
    return session.scalar(select(Practitioner.name).where(Practitioner.id == shift.practitioner_id)) or ""


def _templates(session: Session, practice_id: int, *, at: datetime) -> Sequence[TemplateChoice]:
    rows = session.scalars(
        select(MessageTemplate).where(MessageTemplate.practice_id == practice_id).order_by(MessageTemplate.position)
    )
    return [
        TemplateChoice(
            id=one.id,
            name=one.name,
            fields=read_fields(one.fields),
            urgency=Urgency(one.urgency),
            may_answer=MayAnswer(one.may_answer),
            deadline_at=at + timedelta(minutes=one.deadline_minutes) if one.deadline_minutes else None,
        )
        for one in rows
    ]


def _template(session: Session, practice_id: int, template_id: int | None) -> MessageTemplate | None:
    if template_id is None:
        return None
    found = session.scalar(
        select(MessageTemplate).where(MessageTemplate.practice_id == practice_id, MessageTemplate.id == template_id)
    )
    if found is None:
        raise NotFound(N_("This practice has no such form any more."))
    return found


def _whom(typed: str) -> int | None:
    if typed == ON_CALL:
        return None
    if not typed.isdecimal() or len(typed) > 9:
        raise Invalid(N_("Choose whom the message is for."), field="practitioner_id")
    return int(typed)


def _urgency(typed: str) -> Urgency:
    try:
        return Urgency(typed)
    except ValueError:
        raise Invalid(N_("Choose how urgent it is."), field="urgency") from None


def _refuse_unreachable(typed: str, *, country: str) -> None:
    number = parse_number(typed, country=country, field="number") if typed.strip() else None
    if number is None or not is_mobile(number):
        raise Invalid(N_("A text reaches mobile numbers only: promise none, or take a mobile number."), field="tells")


def _deadline(typed: str, *, zone: str, at: datetime) -> datetime | None:
    """The instant that was typed; of a day alone, its evening. Raises ``Invalid``."""
    if not typed.strip():
        return None
    place = ZoneInfo(zone)
    today = at.astimezone(place).date()
    try:
        moment = read_moment(typed, shown=today, today=today)
    except Invalid as refused:
        raise Invalid(refused.sentence, field="deadline", **refused.values) from None
    return instant_of(datetime.combine(moment.day, moment.hour or DAY_ENDS), place)

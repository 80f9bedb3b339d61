"""Messages of the imaginary practice: its own forms, how Dr Lemoine wants to be told, and what became of some."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.phone import parse_number
from callcenter.demo.codes import Codes
from callcenter.directory.passwords import hash_password
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.answering import answer_message
from callcenter.dispatch.models import (
    AcknowledgementKind,
    AnswerKind,
    Channel,
    DispatchPreference,
    MayAnswer,
    Message,
    MessageTemplate,
    Notice,
    Timing,
    Urgency,
)
from callcenter.dispatch.notices import claim_notice
from callcenter.dispatch.writing import TypedMessage, write_message

_PRACTICE, _DOCTOR = "tilleuls", "lemoine"
CODE = "2468"
_MOBILE = "06 39 98 00 21"  # fictional, the one where patients are put through
_FORMS: tuple[tuple[str, Urgency, int | None, MayAnswer, list[dict[str, object]]], ...] = (
    (
        "Renouvellement d’ordonnance",
        Urgency.ROUTINE,
        None,
        MayAnswer.PRACTICE,
        [
            {"label": "Médicament", "kind": "text", "choices": []},
            {"label": "Boîtes restantes", "kind": "number", "choices": []},
            {"label": "Dernière ordonnance", "kind": "date", "choices": []},
            {
                "label": "Pharmacie",
                "kind": "choice",
                "choices": ["Pharmacie du Centre", "Pharmacie de la Gare", "Autre"],
            },
        ],
    ),
    (
        "Résultats reçus",
        Urgency.TODAY,
        None,
        MayAnswer.PRACTICE,
        [
            {"label": "Laboratoire", "kind": "text", "choices": []},
            {"label": "Date de l’analyse", "kind": "date", "choices": []},
            {"label": "Le laboratoire signale une anomalie", "kind": "yes_no", "choices": []},
        ],
    ),
    (
        "Confrère à rappeler",
        Urgency.TODAY,
        60,
        MayAnswer.ADDRESSEE,
        [{"label": "Service", "kind": "text", "choices": []}, {"label": "Au sujet de", "kind": "text", "choices": []}],
    ),
)


def write_messages(session: Session, codes: Codes, *, at: datetime) -> None:
    """Forms, wishes, and messages in each of their states, none of which would ring anybody when the jobs begin."""
    practice_id = codes.practice_id(_PRACTICE)
    doctor_id = codes.schedule(_PRACTICE, _DOCTOR).practitioner_id
    for position, (name, urgency, minutes, may_answer, fields) in enumerate(_FORMS, start=1):
        session.add(
            MessageTemplate(
                practice_id=practice_id,
                position=position,
                name=name,
                fields=fields,
                urgency=urgency,
                deadline_minutes=minutes,
                may_answer=may_answer,
            )
        )
    session.add(
        DispatchPreference(
            practice_id=practice_id,
            practitioner_id=doctor_id,
            timing=Timing.BATCH,
            channel=Channel.SMS,
            mobile=parse_number(_MOBILE),
            code_hash=hash_password(CODE, shortest=4),
        )
    )
    session.flush()
    by = Reader(Channel.SMS, practitioner_id=doctor_id)

    def write(nth: int, patient: str, caller: str, number: str, words: str, **otherwise: object) -> Message:
        ago = timedelta(minutes=otherwise.pop("ago"))  # type: ignore[arg-type]
        typed = TypedMessage(
            request_key=f"demo-message-{nth}",
            words=words,
            practitioner_id=doctor_id,
            caller=caller,
            number=number,
            read_back=True,
            patient_id=codes.patient_id(_PRACTICE, patient),
            **otherwise,  # type: ignore[arg-type]
        )
        staff_id = codes.staff_id("camille" if nth % 2 else "ines")
        assert staff_id is not None
        return write_message(session, practice_id, typed, staff_id=staff_id, at=at - ago)

    def tell(message: Message, *, ago: int) -> None:
        first = session.scalars(
            select(Notice.id).where(Notice.message_id == message.id).order_by(Notice.due_at)
        ).first()
        assert first is not None
        claim_notice(session, first, at=max(message.due_at, at - timedelta(minutes=ago)))

    urgent = write(
        1,
        "t-1",
        "Hélène Vasseur",
        "06 39 98 14 72",
        "Mon mari est essoufflé depuis cette nuit, il ne veut pas que j’appelle le 15.",
        urgency=Urgency.URGENT,
        ago=50,
    )
    tell(urgent, ago=50)
    moment = at - timedelta(minutes=48)
    acknowledge(session, urgent.id, AcknowledgementKind.READ, by=by, at=moment)
    answer_message(
        session,
        urgent.id,
        AnswerKind.I_CALL,
        "Je l’appelle entre deux patients.",
        request_key="demo-answer-1",
        by=by,
        at=moment + timedelta(minutes=1),
    )
    done = write(
        2,
        "t-2",
        "Lucien Vasseur",
        "06 39 98 14 72",
        "Il demande s’il doit être à jeun pour sa prise de sang de jeudi.",
        urgency=Urgency.URGENT,
        ago=26 * 60,
    )
    tell(done, ago=26 * 60)
    answer_message(
        session,
        done.id,
        AnswerKind.TELL,
        "Oui, à jeun depuis la veille au soir ; l’eau est permise.",
        request_key="demo-answer-2",
        by=by,
        at=at - timedelta(hours=25),
    )
    write(
        3,
        "t-1",
        "Hélène Vasseur",
        "06 39 98 14 72",
        "Il me reste trois jours de gouttes pour les yeux, est-ce qu’il peut me refaire l’ordonnance ?",
        fields=(
            ("Médicament", "Gouttes pour les yeux"),
            ("Boîtes restantes", "0"),
            ("Pharmacie", "Pharmacie du Centre"),
        ),
        ago=12,
    )

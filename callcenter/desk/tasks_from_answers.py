"""What a practitioner answers from a message becomes a task at the desk, in the same transaction."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.desk.models import Task, TaskKind, TaskStatus
from callcenter.desk.task_rules import due_of_answer
from callcenter.desk.tasks import drop_task, finish_task, open_task, signal_loops
from callcenter.directory.models import Practice
from callcenter.dispatch.events import MessageAnswered, MessageMoved
from callcenter.dispatch.models import AnswerKind, Message, MessageStatus

_KINDS = {
    AnswerKind.TEXT: TaskKind.TEXT,
    AnswerKind.BOOK_TODAY: TaskKind.BOOK_TODAY,
    AnswerKind.I_CALL: TaskKind.I_CALL,
    AnswerKind.TELL: TaskKind.TELL,
}


def open_task_from_answer(session: Session, event: MessageAnswered) -> None:
    """The desk owes what the practitioner said; with the caller, the number and the patient of the message."""
    message = session.scalars(select(Message).where(Message.id == event.message_id)).one()
    practice = session.scalars(select(Practice).where(Practice.id == event.practice_id)).one()
    kind = _KINDS[AnswerKind(event.kind)]
    open_task(
        session,
        event.practice_id,
        kind=kind,
        request_key=f"answer-{event.answer_id}",
        words=event.words,
        due_at=due_of_answer(kind, at=event.at, zone=practice.zone),
        caller=message.caller,
        number=message.callback_number,
        message_id=message.id,
        call_id=message.call_id,
        patient_id=message.patient_id,
        created_by=event.staff_id,
        at=event.at,
    )


def follow_message(session: Session, event: MessageMoved) -> None:
    """The lists read the message again; done with it, the practitioner has rung, and nobody looks after that any more.

    A message withdrawn asks nobody to ring. What the desk was told to do stays: somebody may wait for it.
    """
    signal_loops(session, event.practice_id)
    if event.status not in {MessageStatus.DONE, MessageStatus.WITHDRAWN}:
        return
    calls = select(Task.id).where(
        Task.message_id == event.message_id,
        Task.kind == TaskKind.I_CALL,
        Task.status.in_((TaskStatus.OPEN, TaskStatus.TAKEN)),
    )
    end = finish_task if event.status == MessageStatus.DONE else drop_task
    for task_id in session.scalars(calls).all():
        end(session, task_id, staff_id=None, at=event.at)

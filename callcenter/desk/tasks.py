"""What the desk owes somebody by an instant: opened, taken, given back, done, or dropped when it serves no more."""

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from callcenter.agenda.rules.typed_moments import read_moment
from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.phone import parse_number
from callcenter.core.text import clean_line, clean_text
from callcenter.core.wall_time import instant_of
from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote, LoopKind, LoopOwner, Task, TaskKind, TaskStatus
from callcenter.desk.task_rules import DAY_ENDS
from callcenter.directory.models import Practice, Staff
from callcenter.routing.agents import was_changed

WORDS_LIMIT = 1000
CALLER_LIMIT = 120
_KEY_LIMIT = 80
_STILL_OPEN = (TaskStatus.OPEN, TaskStatus.TAKEN)


def open_task(
    session: Session,
    practice_id: int,
    *,
    kind: TaskKind,
    request_key: str,
    words: str,
    due_at: datetime,
    at: datetime,
    caller: str = "",
    number: str | None = None,
    message_id: int | None = None,
    call_id: int | None = None,
    patient_id: int | None = None,
    created_by: int | None = None,
) -> Task:
    """Write down what is owed; asked twice with one key, it is one task. ``number`` is E.164."""
    is_new = insert_new(
        session,
        Task,
        practice_id=practice_id,
        request_key=request_key,
        kind=kind,
        message_id=message_id,
        call_id=call_id,
        patient_id=patient_id,
        caller=clean_line(caller, limit=CALLER_LIMIT),
        number=number,
        words=clean_text(words, limit=WORDS_LIMIT),
        status=TaskStatus.OPEN,
        created_by=created_by,
        created_at=at,
        due_at=due_at,
    )
    task = session.scalar(select(Task).where(Task.request_key == request_key))
    if task is None:  # the key is another practice's
        raise Conflict(N_("This form was sent before, for another practice. Open it anew."))
    if is_new:
        _note(session, "opened", task, staff_id=created_by, at=at)
    return task


def promise(
    session: Session,
    call_id: int,
    *,
    words: str,
    by: str,
    number: str,
    request_key: str,
    keeps_it: bool,
    staff_id: int,
    at: datetime,
) -> Task:
    """What an operator promises the caller of her call; hers at once when she keeps it herself.

    ``by`` is a day or an hour as one says it, by the practice's clocks; a day alone ends at 18 h. Raises ``NotFound``
    for a call that is not hers, ``Invalid`` (fields ``words``, ``by``, ``number``).
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    practice = session.scalars(select(Practice).where(Practice.id == call.practice_id)).one()
    said = clean_text(words, limit=WORDS_LIMIT)
    if not said:
        raise Invalid(N_("Say what was promised. Example: ring back with the result."), field="words")
    due_at = read_due(by, zone=practice.zone, at=at)
    called = parse_number(number, country=practice.country, field="number") if clean_line(number) else None
    patient_id = session.scalar(select(CallNote.patient_id).where(CallNote.call_id == call_id))
    task = open_task(
        session,
        call.practice_id,
        kind=TaskKind.PROMISE,
        request_key=read_key(request_key),
        words=said,
        due_at=due_at,
        number=called,
        call_id=call_id,
        patient_id=patient_id,
        created_by=staff_id,
        at=at,
    )
    if keeps_it and task.status == TaskStatus.OPEN:
        take_task(session, task.id, staff_id=staff_id, at=at)
    return task


def read_due(typed: str, *, zone: str, at: datetime) -> datetime:
    """The instant meant by a day or an hour as one says it. Raises ``Invalid`` (field ``by``), also when it is over."""
    there = ZoneInfo(zone)
    today = at.astimezone(there).date()
    try:
        moment = read_moment(typed, shown=today, today=today)
    except Invalid as refused:
        raise Invalid(refused.sentence, field="by", **refused.values) from None
    due_at = instant_of(datetime.combine(moment.day, moment.hour or DAY_ENDS), there)
    if due_at <= at:
        raise Invalid(N_("This moment is over. Say one that is still to come."), field="by")
    return due_at


def read_key(request_key: str) -> str:
    """The key of a form, which makes it count once. Raises ``Invalid`` without one."""
    key = clean_line(request_key, limit=_KEY_LIMIT)
    if not key:
        raise Invalid(N_("Something on this form could not be read."), field="request_key")
    return key


def take_task(session: Session, task_id: int, *, staff_id: int, at: datetime) -> Task:
    """Make an open task hers; taken twice by her, it is once. Raises ``NotFound``; ``Conflict`` naming who has it."""
    task = find_task(session, task_id)
    if task.status == TaskStatus.TAKEN and task.taken_by == staff_id:
        return task
    taken = {"status": TaskStatus.TAKEN, "taken_by": staff_id, "taken_at": at}
    return _move(session, task, "taken", from_=(TaskStatus.OPEN,), values=taken, staff_id=staff_id, at=at)


def give_back(session: Session, task_id: int, *, staff_id: int, at: datetime) -> Task:
    """Leave a task of hers to the desk again, also one that was handed to her.

    Raises ``NotFound``; ``Conflict`` when a colleague has it or it is closed.
    """
    task = find_task(session, task_id)
    named = session.scalar(select(LoopOwner).where(LoopOwner.kind == LoopKind.TASK, LoopOwner.ref_id == task_id))
    has_it = named.staff_id if named is not None and _is_newer(named, task) else task.taken_by
    if has_it not in {None, staff_id}:
        raise Conflict(N_("%(name)s has this task now."), name=_name_of(session, has_it))
    back = {"status": TaskStatus.OPEN, "taken_by": None, "taken_at": None}
    moved = _move(session, task, "given_back", from_=_STILL_OPEN, values=back, staff_id=staff_id, at=at)
    session.execute(delete(LoopOwner).where(LoopOwner.kind == LoopKind.TASK, LoopOwner.ref_id == task_id))
    return moved


def finish_task(session: Session, task_id: int, *, staff_id: int | None, at: datetime) -> Task:
    """It is done; said twice, the first counts. Raises ``NotFound``; ``Conflict`` when it was dropped."""
    return _close(session, task_id, TaskStatus.DONE, staff_id=staff_id, at=at)


def drop_task(session: Session, task_id: int, *, staff_id: int | None, at: datetime) -> Task:
    """It serves no more: it counts neither as kept nor as broken. Raises ``NotFound``; ``Conflict`` when it is done."""
    return _close(session, task_id, TaskStatus.DROPPED, staff_id=staff_id, at=at)


def find_task(session: Session, task_id: int) -> Task:
    """One task. Raises ``NotFound``, told alike for another practice's."""
    task = session.scalar(select(Task).where(Task.id == task_id))
    if task is None:
        raise NotFound(N_("There is no such task."))
    return task


def signal_loops(session: Session, practice_id: int) -> None:
    """Have every list of open loops, and the practice's own, read itself again."""
    touch(session, "loops", f"loops-{practice_id}")


def _close(session: Session, task_id: int, status: TaskStatus, *, staff_id: int | None, at: datetime) -> Task:
    task = find_task(session, task_id)
    if task.status == status:
        return task
    closed = {"status": status, "closed_by": staff_id, "closed_at": at}
    return _move(session, task, status.value, from_=_STILL_OPEN, values=closed, staff_id=staff_id, at=at)


def _move(
    session: Session,
    task: Task,
    act: str,
    *,
    from_: Collection[TaskStatus],
    values: Mapping[str, object],
    staff_id: int | None,
    at: datetime,
) -> Task:
    moves = update(Task).where(Task.id == task.id, Task.status.in_(from_)).values(**values)
    if act == "given_back":
        moves = moves.where(Task.taken_by.is_not_distinct_from(task.taken_by))
    moved = was_changed(session, moves)
    session.refresh(task)
    if not moved:
        if task.status == TaskStatus.TAKEN:
            raise Conflict(N_("%(name)s has this task now."), name=_name_of(session, task.taken_by))
        raise Conflict(N_("This task is closed already. Nothing is left to do."))
    _note(session, act, task, staff_id=staff_id, at=at)
    return task


def _is_newer(named: LoopOwner, task: Task) -> bool:
    return task.taken_at is None or named.named_at >= task.taken_at


def _name_of(session: Session, staff_id: int | None) -> str:
    row = session.execute(select(Staff.first_name, Staff.name).where(Staff.id == staff_id)).one_or_none()
    return "" if row is None else (row.first_name or row.name)


def _note(session: Session, act: str, task: Task, *, staff_id: int | None, at: datetime) -> None:
    record_act(session, f"task.{act}", f"task {task.id}", staff_id=staff_id, practice_id=task.practice_id, at=at)
    signal_loops(session, task.practice_id)

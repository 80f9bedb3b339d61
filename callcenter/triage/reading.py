"""From a script file to a checked script."""

from datetime import date
from functools import cache
from importlib.resources import files

from callcenter.triage.nodes import ScriptFault, Spot, read_document
from callcenter.triage.script import (
    ANSWER_LABELS,
    UNKNOWN,
    Condition,
    Outcome,
    Question,
    RedFlag,
    Rule,
    Script,
    SignOff,
)

_LANGUAGES = ("fr", "en")
_STATUSES = ("draft", "signed")
VITAL_GATE = "vital-gate"


@cache
def shipped_scripts() -> tuple[Script, ...]:
    """The scripts that come with the product. Raises ``ScriptFault`` naming file and line."""
    folder = files("callcenter.triage") / "scripts"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return tuple(read_script(name, (folder / name).read_text(encoding="utf-8")) for name in names)


def read_script(file: str, content: str) -> Script:
    """One script, checked whole. Raises ``ScriptFault``: file, line, what is wrong, what was probably meant."""
    spot = read_document(file, content)
    fields = spot.mapping(
        required=("id", "version", "status", "locales", "title", "default", "questions"), optional=("rules", "sign_off")
    )
    locales = tuple(item.one_of(_LANGUAGES) for item in fields["locales"].items())
    questions: list[Question] = []
    for item in fields["questions"].items():
        question = _question(item, earlier=questions, locales=locales)
        if fields["id"].text() == VITAL_GATE:
            _check_vital(item, question)
        questions.append(question)
    status = fields["status"].one_of(_STATUSES)
    if (status == "signed") != ("sign_off" in fields):
        raise fields["status"].fault("a signed script needs a 'sign_off', a draft must not have one")
    return Script(
        id=fields["id"].text(limit=40),
        version=fields["version"].text(limit=20),
        status=status,
        locales=locales,
        title=_texts(fields["title"], locales, limit=60),
        default=Outcome(fields["default"].one_of([*Outcome])),
        questions=tuple(questions),
        rules=tuple(_rule(item, questions) for item in fields["rules"].items()) if "rules" in fields else (),
        sign_off=_sign_off(fields["sign_off"]) if "sign_off" in fields else None,
    )


def _question(spot: Spot, *, earlier: list[Question], locales: tuple[str, ...]) -> Question:
    fields = spot.mapping(required=("id", "short", "text", "answers"), optional=("red_flag", "ask_if"))
    question_id = fields["id"].text(limit=40)
    if any(question.id == question_id for question in earlier):
        raise fields["id"].fault(f"the question {question_id!r} is there already")
    answers = tuple(item.one_of(list(ANSWER_LABELS)) for item in fields["answers"].items())
    if len(set(answers)) != len(answers):
        raise fields["answers"].fault("an answer is written twice")
    if UNKNOWN not in answers:
        raise fields["answers"].fault("'unknown' must be among the answers: a caller may not know, or refuse")
    return Question(
        id=question_id,
        short=_texts(fields["short"], locales, limit=30),
        text=_texts(fields["text"], locales, limit=200),
        answers=answers,
        red_flag=_red_flag(fields["red_flag"], answers) if "red_flag" in fields else None,
        ask_if=_condition(fields["ask_if"], earlier) if "ask_if" in fields else {},
    )


def _red_flag(spot: Spot, answers: tuple[str, ...]) -> RedFlag:
    fields = spot.mapping(required=("on", "outcome", "source"))
    outcome = Outcome(fields["outcome"].one_of([*Outcome]))
    # Any red flag left unknown must reach a doctor at least: it may only be one of the two highest.
    if outcome not in {Outcome.EMERGENCY, Outcome.DOCTOR_CALL_NOW}:
        raise fields["outcome"].fault("a red flag is 'emergency' or 'doctor_call_now'")
    on = tuple(item.one_of(answers) for item in fields["on"].items())
    if UNKNOWN not in on:
        raise fields["on"].fault("'unknown' must raise the flag too: not knowing is never reassuring")
    if len(set(on)) == len(answers):
        raise fields["on"].fault("every answer raises the flag: the question would be useless")
    return RedFlag(on, outcome, fields["source"].text(limit=200))


def _check_vital(spot: Spot, question: Question) -> None:
    """In the vital gate every question is unconditional and raises an emergency, also when the answer is unknown."""
    flag = question.red_flag
    if question.ask_if:
        raise spot.fault("a vital question is always asked: no 'ask_if'")
    if flag is None or flag.outcome != Outcome.EMERGENCY:
        raise spot.fault("a vital question needs a 'red_flag' with the outcome 'emergency'")


def _rule(spot: Spot, questions: list[Question]) -> Rule:
    fields = spot.mapping(required=("when", "outcome"))
    return Rule(_condition(fields["when"], questions), Outcome(fields["outcome"].one_of([*Outcome])))


def _condition(spot: Spot, earlier: list[Question]) -> Condition:
    condition: dict[str, tuple[str, ...]] = {}
    known = {question.id: question for question in earlier}
    for question_id, answers in spot.entries():
        if question_id not in known:
            raise answers.fault(f"{question_id!r} is not an earlier question; earlier: {', '.join(known) or 'none'}")
        condition[question_id] = tuple(item.one_of(known[question_id].answers) for item in answers.items())
    if not condition:
        raise spot.fault("at least one question is expected here")
    return condition


def _texts(spot: Spot, locales: tuple[str, ...], *, limit: int) -> dict[str, str]:
    return {locale: text.text(limit=limit) for locale, text in spot.mapping(required=locales).items()}


def _sign_off(spot: Spot) -> SignOff:
    fields = spot.mapping(required=("doctor", "number", "signed_on", "expires_on", "sha256"))
    for key in ("signed_on", "expires_on"):
        try:
            date.fromisoformat(fields[key].text())
        except ValueError:
            raise fields[key].fault('a date like "2026-11-23" is expected here') from None
    return SignOff(**{key: value.text() for key, value in fields.items()})


__all__ = ["VITAL_GATE", "ScriptFault", "read_script", "shipped_scripts"]

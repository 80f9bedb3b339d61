"""Where a script stands after some answers. Pure: it displays a written procedure, it computes no score."""

from collections.abc import Mapping
from dataclasses import dataclass

from callcenter.triage.script import Condition, Outcome, Question, Script


@dataclass(frozen=True, slots=True)
class Standing:
    """The question to ask now, the questions whose red flag is raised, and the outcome once there is one."""

    next_question: Question | None
    red_flags: tuple[Question, ...]
    outcome: Outcome | None


def evaluate(script: Script, answers: Mapping[str, str]) -> Standing:
    """Where the script stands.

    A red flag ends it at once, whatever was or was not asked besides. Without one, the highest severity among the rules
    that hold wins once every question to be asked has its answer. An answer the script does not know counts as unknown.
    """
    said = {
        question.id: answers[question.id] if answers[question.id] in question.answers else "unknown"
        for question in script.questions
        if question.id in answers
    }
    raised = [question for question in script.questions if _raises(question, said)]
    if raised:
        worst = max((flag.outcome for question in raised if (flag := question.red_flag)), key=lambda one: one.severity)
        return Standing(None, tuple(raised), worst)
    for question in script.questions:
        if question.id not in said and _holds(question.ask_if, said):
            return Standing(question, (), None)
    reached = [rule.outcome for rule in script.rules if _holds(rule.when, said)]
    return Standing(None, (), max([script.default, *reached], key=lambda one: one.severity))


def _raises(question: Question, said: Mapping[str, str]) -> bool:
    return question.red_flag is not None and said.get(question.id) in question.red_flag.on


def _holds(condition: Condition, said: Mapping[str, str]) -> bool:
    return all(said.get(question_id) in answers for question_id, answers in condition.items())

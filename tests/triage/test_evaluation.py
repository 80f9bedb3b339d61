"""Every path through the vital gate, and rules that can only raise."""

from itertools import product

import pytest

from callcenter.triage.evaluation import evaluate
from callcenter.triage.reading import read_script, shipped_scripts
from callcenter.triage.script import Outcome

GATE = shipped_scripts()[0]
CALM = {"awake": "yes", "breathing": "yes", "fitting": "no", "bleeding": "no", "stroke": "no"}


def test_every_combination_of_answers_is_an_emergency_except_the_one_without_any_sign() -> None:
    ids = list(CALM)
    calm = 0
    for answers in product(["yes", "no", "unknown"], repeat=len(ids)):
        given = dict(zip(ids, answers, strict=True))
        standing = evaluate(GATE, given)
        assert standing.next_question is None
        calm += standing.outcome == Outcome.CONTINUE
        assert standing.outcome == (Outcome.CONTINUE if given == CALM else Outcome.EMERGENCY)
    assert calm == 1


@pytest.mark.parametrize("question", list(CALM))
@pytest.mark.parametrize("answer", ["unknown", "something never offered"])
def test_not_knowing_is_an_emergency_at_each_question(question: str, answer: str) -> None:
    standing = evaluate(GATE, CALM | {question: answer})

    assert standing.outcome == Outcome.EMERGENCY
    assert [flag.id for flag in standing.red_flags] == [question]


def test_questions_come_in_their_order_and_a_flag_stops_them() -> None:
    asked = []
    given: dict[str, str] = {}
    while question := evaluate(GATE, given).next_question:
        asked.append(question.id)
        given[question.id] = CALM[question.id]
    assert asked == list(CALM)

    flagged = evaluate(GATE, {"awake": "yes", "breathing": "no"})
    assert flagged.next_question is None
    assert flagged.outcome == Outcome.EMERGENCY


def test_a_question_is_passed_over_when_its_condition_does_not_hold_and_the_worst_rule_wins() -> None:
    script = read_script(
        "fever.yaml",
        """
id: fever
version: "1.0.0"
status: draft
locales: [fr]
title: {fr: Fièvre}
default: advice
questions:
  - id: child
    short: {fr: Enfant}
    text: {fr: Est-ce un enfant ?}
    answers: [yes, no, unknown]
  - id: plays
    short: {fr: Joue}
    text: {fr: Joue-t-il encore ?}
    answers: [yes, no, unknown]
    ask_if: {child: [yes, unknown]}
rules:
  - when: {child: [yes]}
    outcome: appointment
  - when: {plays: [no, unknown]}
    outcome: urgent_today
""",
    )

    assert evaluate(script, {"child": "no"}).outcome == Outcome.ADVICE
    assert evaluate(script, {"child": "yes", "plays": "yes"}).outcome == Outcome.APPOINTMENT
    assert evaluate(script, {"child": "yes", "plays": "no"}).outcome == Outcome.URGENT_TODAY

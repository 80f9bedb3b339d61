"""A script file is read strictly: whoever edits one is told file, line and what was meant."""

from importlib.resources import files

import pytest

from callcenter.triage.nodes import ScriptFault
from callcenter.triage.reading import read_script, shipped_scripts

GATE = (files("callcenter.triage") / "scripts" / "vital-gate.yaml").read_text(encoding="utf-8")


def test_the_shipped_gate_asks_five_vital_questions_in_both_languages() -> None:
    (gate,) = shipped_scripts()

    assert [question.id for question in gate.questions] == ["awake", "breathing", "fitting", "bleeding", "stroke"]
    assert gate.status == "draft"
    for question in gate.questions:
        assert question.answers == ("yes", "no", "unknown")
        assert set(question.text) == {"fr", "en"}
        assert question.red_flag is not None
        assert question.red_flag.source


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("default: continue", "default: continue\ndefault: advice", "the key 'default' is written twice"),
        ("    red_flag:\n      on: [no, unknown]", "    redflag:\n      on: [no, unknown]", "did you mean 'red_flag'?"),
        ("outcome: emergency", "outcome: emergancy", "did you mean 'emergency'?"),
        ("answers: [yes, no, unknown]", "answers: [yes, no]", "'unknown' must be among the answers"),
        ("answers: [yes, no, unknown]", "answers: [true, no, unknown]", "true is not a text; put it in quotes"),
        ("on: [no, unknown]", "on: [no]", "not knowing is never reassuring"),
        ("on: [no, unknown]", "on: [yes, no, unknown]", "every answer raises the flag"),
        ('version: "0.1.0"', "version: 1.0", 'put it in quotes: "1.0"'),
        ("id: breathing", "id: awake", "the question 'awake' is there already"),
        ("status: draft", "status: signed", "a signed script needs a 'sign_off'"),
        ("      en: Is the person awake", "      nl: Is the person awake", "unknown key 'nl'"),
        (
            "      outcome: emergency\n",
            "      outcome: doctor_call_now\n",
            "needs a 'red_flag' with the outcome 'emergency'",
        ),
        ("    answers:", "    ask_if: {stroke: [yes]}\n    answers:", "'stroke' is not an earlier question"),
        ("title:", "title: [", "not readable as YAML"),
    ],
)
def test_a_fault_is_told_with_its_file_and_line(old: str, new: str, told: str) -> None:
    assert old in GATE

    with pytest.raises(ScriptFault, match=r"^gate\.yaml:\d+: ") as fault:
        read_script("gate.yaml", GATE.replace(old, new, 1))

    assert told in str(fault.value)


def test_the_line_is_the_one_to_correct() -> None:
    line = GATE.split("\n").index("default: continue") + 1

    with pytest.raises(ScriptFault, match=rf"^gate\.yaml:{line}: "):
        read_script("gate.yaml", GATE.replace("default: continue", "default: carry_on"))


def test_yes_and_no_stay_words() -> None:
    gate = read_script("gate.yaml", GATE)

    assert gate.questions[0].red_flag is not None
    assert gate.questions[0].red_flag.on == ("no", "unknown")


def test_one_changed_word_changes_the_fingerprint() -> None:
    changed = read_script("gate.yaml", GATE.replace("phrase entière", "phrase"))

    assert changed.sha256 != read_script("gate.yaml", GATE).sha256
    assert read_script("other.yaml", GATE + "\n# a comment\n").sha256 == read_script("gate.yaml", GATE).sha256

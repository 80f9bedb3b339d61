"""The rules of the house that a reader would otherwise have to remember. Each rule can fail: see the last tests."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from importlinter import cli as import_linter

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "callcenter"

# Modules that decide and do nothing else; each that exists must stand in the contract of pyproject.toml.
DECISIONS = (
    "callcenter.agenda.editing.opening_overlaps",
    "callcenter.agenda.editing.rule_preview",
    "callcenter.agenda.rules.offering",
    "callcenter.agenda.rules.opening_rules",
    "callcenter.agenda.rules.typed_moments",
    "callcenter.agenda.rules.visit_rules",
    "callcenter.agenda.rules.wall_clock",
    "callcenter.agenda.week",
    "callcenter.carrier.faults",
    "callcenter.core.wall_time",
    "callcenter.desk.emergency_ticket",
    "callcenter.desk.loop_rules",
    "callcenter.desk.relay_rules",
    "callcenter.desk.supervising_rules",
    "callcenter.desk.task_rules",
    "callcenter.directory.answering_hours",
    "callcenter.directory.emergency_order",
    "callcenter.dispatch.rules.deadline",
    "callcenter.dispatch.rules.fields",
    "callcenter.dispatch.rules.ladder",
    "callcenter.dispatch.rules.message_state",
    "callcenter.dispatch.rules.reaching",
    "callcenter.dispatch.rules.roster",
    "callcenter.dispatch.rules.timing",
    "callcenter.instructions.greeting",
    "callcenter.messaging.wording",
    "callcenter.routing.callback_rules",
    "callcenter.routing.choice",
    "callcenter.routing.company",
    "callcenter.routing.expected_wait",
    "callcenter.telephony.company",
    "callcenter.telephony.discrepancies",
    "callcenter.telephony.placing_rules",
    "callcenter.telephony.provisioning",
    "callcenter.telephony.sentences",
    "callcenter.telephony.state",
    "callcenter.triage.evaluation",
)

# Who may ask what time it is: the clocks, and the demonstration, whose people live in the machine's own time.
ASKS_THE_CLOCK = ("core/clock.py", "carrier/clock.py", "demo/", "cli/")
COMMITS = ("core/db.py", "migrations/env.py")
IS_ASYNC = (
    "bench/fanout.py",
    "bench/screens.py",
    "bench/server.py",
    "carrier/",
    "core/broadcast.py",
    "main.py",
    "web/deadline.py",
    "web/line_watch.py",
    "web/lanes.py",
    "web/live.py",
    "web/pages/emergency_ring.py",
    "web/security.py",
    "web/server.py",
    "web/webhooks/",
)

Rule = Callable[[ast.AST], bool]


def test_imports_keep_to_their_layers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    # Its own logging set-up silences every logger of the process: later tests would read nothing in the log.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda _config: None)
    status = import_linter.lint_imports(no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_every_decision_module_stands_in_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure = next(contract for contract in contracts if contract["name"] == "Decisions are pure")
    present = [name for name in DECISIONS if (ROOT / (name.replace(".", "/") + ".py")).exists()]
    assert sorted(pure["source_modules"]) == present


def test_the_carrier_stand_in_knows_nothing_of_the_product() -> None:
    def imports_the_product(node: ast.AST) -> bool:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "callcenter" else [f"callcenter.{a.name}" for a in node.names]
        return any(
            name.split(".")[0] == "callcenter" and not f"{name}.".startswith("callcenter.carrier.") for name in names
        )

    assert _places(imports_the_product, only=("carrier/",)) == []


def test_only_the_unit_of_work_commits() -> None:
    assert _places(_commits, but=COMMITS) == []


def test_asynchronous_code_stays_where_streams_are() -> None:
    assert _places(_is_async, but=IS_ASYNC) == []


def test_only_the_edge_asks_the_clock() -> None:
    assert _places(_asks_the_clock, but=ASKS_THE_CLOCK) == []


def test_no_code_asks_whether_this_is_the_demonstration() -> None:
    def asks(node: ast.AST) -> bool:
        if not isinstance(node, ast.If | ast.IfExp):
            return False
        # `demo_hint` is a sentence that any installation may show on its sign-in page.
        return any("demo" in name.lower().split("_") for name in _names(node.test) if name != "demo_hint")

    assert _places(asks, but=("demo/",)) == []


def test_templates_hold_no_query() -> None:
    query = re.compile(r"\b(session|database|unit_of_work|execute|scalars?)\s*[.(]")
    tag = re.compile(r"{[{%].*?[%}]}", re.DOTALL)
    found = [
        f"{template.relative_to(ROOT)}: {expression}"
        for template in SOURCE.rglob("*.html")
        for expression in tag.findall(template.read_text())
        if query.search(expression)
    ]
    assert found == []


def test_nothing_is_left_to_do() -> None:
    marker = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [name for name, text in _texts() if marker.search(text)] == []


def test_locks_hold_no_address() -> None:
    locks = [*ROOT.glob("*.lock"), *ROOT.glob("tools/*.lock"), *(ROOT / "vendor").glob("*.json")]
    assert locks
    assert [str(file.relative_to(ROOT)) for file in locks if re.search(r"https?://", file.read_text())] == []


def test_source_files_stay_small_enough_to_read_at_once() -> None:
    lengths = {
        file.relative_to(SOURCE).as_posix(): file.read_text().count("\n")
        for file in SOURCE.rglob("*.py")
        if file.parent.name != "versions"
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("commits", "session.commit()"),
        ("async", "async def wait(): ..."),
        ("clock", "datetime.now()"),
        ("clock", "datetime.datetime.now(UTC)"),
        ("clock", "datetime.utcnow()"),
        ("clock", "date.today()"),
        ("clock", "time.time()"),
    ],
)
def test_a_breach_would_be_seen(rule: str, line: str) -> None:
    rules: dict[str, Rule] = {"commits": _commits, "async": _is_async, "clock": _asks_the_clock}
    assert any(rules[rule](node) for node in ast.walk(ast.parse(line)))


@pytest.mark.parametrize("line", ["clock.now()", "time.monotonic()", "after_commit(session, act)"])
def test_what_is_allowed_passes(line: str) -> None:
    nodes = list(ast.walk(ast.parse(line)))
    assert not any(rule(node) for rule in (_commits, _is_async, _asks_the_clock) for node in nodes)


def _commits(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncFunctionDef)


def _asks_the_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = ast.unparse(node.func.value).split(".")[-1]
    return (owner, node.func.attr) in {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("datetime", "today"),
        ("date", "today"),
        ("time", "time"),
    }


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _places(rule: Rule, *, but: tuple[str, ...] = (), only: tuple[str, ...] = ("",)) -> list[str]:
    """Where the rule is met: ``file:line``. ``but`` and ``only`` are beginnings of paths below callcenter/."""
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        if name.startswith(but) or not name.startswith(only):
            continue
        found += [
            f"{name}:{getattr(node, 'lineno', 0)}" for node in ast.walk(ast.parse(file.read_text())) if rule(node)
        ]
    return found


def _texts() -> Iterator[tuple[str, str]]:
    for pattern in ("*.py", "*.html", "*.js", "*.css"):
        for folder in (SOURCE, ROOT / "tests", ROOT / "tools"):
            for file in folder.rglob(pattern):
                if "static/vendor" not in file.as_posix():
                    yield file.relative_to(ROOT).as_posix(), file.read_text()

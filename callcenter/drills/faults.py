"""The carrier misbehaves: reports come twice, late, out of order or never; its API refuses, or acts unheard."""

import threading
import time
from random import Random

from sqlalchemy import func, select

from callcenter.drills.accounting import count_callers, kept_operators, unaccounted
from callcenter.drills.stage import ALL, OVER, Stage, wait_until
from callcenter.drills.verdict import Verdict
from callcenter.telephony.models import Call

# Of every four reports one goes wrong, of every ten requests of ours one.
_CHANCES = {
    "duplicate": 0.06,
    "reorder": 0.06,
    "delay": 0.05,
    "lose": 0.06,
    "timeout": 0.02,
    "error": 0.03,
    "too_many": 0.02,
    "error_after": 0.02,
    "cut": 0.03,
}
_AIMED_AT = ["report", "POST Conferences", "POST Calls", "GET Conferences", "GET Calls"]
_DELAY = 4.0  # seconds


def misbehave(stage: Stage, *, seed: int, calls: int, operators: int, seconds: float) -> Verdict:
    """``calls`` patients ring within ``seconds``, are answered, and hang up at some time, under a plan of faults."""
    random = Random(seed)
    verdict = Verdict("faults", operations=calls)
    stage.start_product()
    stage.hire(operators)
    plan = {"seed": seed, "chances": _CHANCES, "delay": _DELAY, "only": _AIMED_AT}
    stage.carrier.put("/network/faults", json=plan).raise_for_status()
    enough = threading.Event()
    answering = threading.Thread(target=_answer_on, args=(stage, enough), daemon=True)
    answering.start()
    began = time.monotonic()
    sids: list[str] = []
    leaving: list[tuple[float, str]] = []
    for number, instant in enumerate(sorted(random.uniform(0, seconds) for _ in range(calls))):
        _let_leave(stage, leaving)
        time.sleep(max(0.0, began + instant - time.monotonic()))
        sids.append(stage.ring(random.choice(stage.lines), caller=number))
        leaving.append((time.monotonic() + random.uniform(2, seconds), sids[-1]))
    wait_until(lambda: _let_leave(stage, leaving, keep=calls // 5), within=2 * seconds)
    told = stage.carrier.get("/network/faults").json()
    stage.carrier.delete("/network/faults").raise_for_status()
    time.sleep(_DELAY)  # what was held back or late is on its way still
    over = time.monotonic()

    settled = wait_until(lambda: not unaccounted(stage, sids) and not kept_operators(stage), within=60)
    enough.set()
    answering.join()
    verdict.faults = sum(told["counts"].values())
    verdict.figures |= {"faults_by_kind": told["counts"], "accounted_for_after_s": round(time.monotonic() - over, 1)}
    verdict.figures["answered"] = _count_answered(stage, sids)
    verdict.expect(verdict.faults > 0, "something went wrong at all")
    verdict.expect(verdict.figures["answered"] > calls // 3, "calls were answered all the same")
    wrong = [*unaccounted(stage, sids), *kept_operators(stage)]
    verdict.expect(settled, f"product and carrier agree within a minute: {wrong[:5]}")
    count_callers(stage, sids, verdict)
    doubled = [sid for sid in sids if _is_doubled(stage, sid)]
    verdict.doubled += len(doubled)
    verdict.expect(not doubled, f"nobody hears two operators ({len(doubled)} do)")
    return verdict


def _answer_on(stage: Stage, enough: threading.Event) -> None:
    while not enough.wait(0.3):
        stage.answer_offers()
        stage.finish_wrap_ups()


def _let_leave(stage: Stage, leaving: list[tuple[float, str]], *, keep: int = 0) -> bool:
    """Whoever's time has come puts the receiver down; whether only ``keep`` are left, who stay to the end."""
    for due in sorted(leaving):
        if len(leaving) <= keep:
            return True
        if due[0] <= time.monotonic():
            stage.hang_up(due[1])
            leaving.remove(due)
    return len(leaving) <= keep


def _count_answered(stage: Stage, sids: list[str]) -> int:
    with stage.database.reading(ALL) as session:
        answered = select(func.count()).select_from(Call).where(Call.sid.in_(sids), Call.answered_at.is_not(None))
        return session.scalar(answered) or 0


def _is_doubled(stage: Stage, sid: str) -> bool:
    view = stage.view(sid)
    return view["status"] not in OVER and sum(str(label).startswith("operator") for label in view["with"]) > 1

"""The product dies while people talk, wait and ring; a minute later it is back."""

import time
from random import Random
from typing import Any

from callcenter.drills.accounting import count_callers, unaccounted
from callcenter.drills.stage import BACKUP_SAYS, OVER, Stage, heard, talk, talks, wait_until
from callcenter.drills.verdict import Verdict

_USEFUL = ("urgence", "emergency", BACKUP_SAYS)


def go_dark(stage: Stage, *, seed: int, talking: int, waiting: int, new: int, dark_for: float) -> Verdict:
    """Kill the product under ``talking`` conversations and ``waiting`` callers; ``new`` ring while it is down.

    ``dark_for`` in seconds. In the dark a fifth of those on the line hang up: their reports are lost.
    """
    random = Random(seed)
    verdict = Verdict("dark", operations=talking + waiting + new, faults=1)
    stage.start_product()
    stage.hire(talking)
    talkers = [stage.ring(random.choice(stage.lines), caller=number) for number in range(talking)]
    verdict.expect(talk(stage, talkers, within=30 + talking), "everybody talks before the dark")
    waiters = [stage.ring(random.choice(stage.lines), caller=talking + number) for number in range(waiting)]
    verdict.expect(
        wait_until(lambda: all(stage.view(sid)["in_conference"] for sid in waiters), within=20),
        "everybody waits in her room before the dark",
    )

    stage.kill_product()
    went_dark = time.monotonic()
    instants = sorted(random.uniform(0, dark_for * 0.8) for _ in range(new))
    leavers = set(random.sample(talkers, talking // 5) + random.sample(waiters, waiting // 5))
    newcomers = []
    for number, instant in enumerate(instants):
        time.sleep(max(0.0, went_dark + instant - time.monotonic()))
        newcomers.append(stage.ring(random.choice(stage.lines), caller=talking + waiting + number))
        if leavers and number >= len(instants) // 2:
            stage.hang_up(leavers.pop())
    while leavers:
        stage.hang_up(leavers.pop())
    time.sleep(max(0.0, went_dark + dark_for - time.monotonic()))

    views = {sid: stage.view(sid) for sid in talkers + waiters + newcomers}
    cut = [sid for sid in talkers if not talks(views[sid]) and not _hung_up_herself(views[sid])]
    verdict.expect(not cut, f"nobody who talked was cut ({len(cut)} were)")
    deaf = [
        sid for sid in newcomers if not any(words in heard(views[sid]).lower() for words in map(str.lower, _USEFUL))
    ]
    verdict.expect(not deaf, f"every new caller heard something useful ({len(deaf)} did not)")
    verdict.figures["new_callers_put_through_to_backup"] = sum(BACKUP_SAYS in heard(views[sid]) for sid in newcomers)

    stage.start_product()
    back = time.monotonic()
    everybody = talkers + waiters + newcomers
    settled = wait_until(lambda: not unaccounted(stage, everybody), within=60)
    verdict.figures["accounted_for_after_s"] = round(time.monotonic() - back, 1)
    wrong = unaccounted(stage, everybody)
    verdict.expect(settled, f"everybody is accounted for within a minute of the return: {wrong[:5]}")
    count_callers(stage, everybody, verdict)
    verdict.expect(
        all(talks(stage.view(sid)) for sid in talkers if stage.view(sid)["status"] not in OVER),
        "the return cut nobody who talked",
    )
    return verdict


def _hung_up_herself(view: dict[str, Any]) -> bool:
    return bool(view["status"] == "completed")

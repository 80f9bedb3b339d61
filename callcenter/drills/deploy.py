"""A new version is put in place while webhooks arrive and people talk."""

import signal
import threading
import time
from random import Random

from sqlalchemy import func, select

from callcenter.drills.stage import ALL, Stage, patient, talk, talks, wait_until
from callcenter.drills.verdict import Verdict
from callcenter.drills.webhooks import Sender
from callcenter.local.processes import Process
from callcenter.telephony.models import Call


def deploy_under_load(
    stage: Stage, *, seed: int, seconds: float, per_second: float, deploys: int, talking: int
) -> Verdict:
    """Replace the product ``deploys`` times while ``per_second`` webhooks arrive; none may be refused."""
    random = Random(seed)
    verdict = Verdict("deploy", faults=deploys)
    stage.start_product()
    stage.hire(talking)
    talkers = [stage.ring(random.choice(stage.lines), caller=number) for number in range(talking)]
    verdict.expect(talk(stage, talkers, within=30), "everybody talks before the deploy")
    webhooks = _webhooks(stage, random, int(seconds * per_second))
    sender = Sender(stage.product_url, account_sid=stage.account_sid, auth_token=stage.auth_token)
    assert stage.product is not None
    seen = set(stage.product.children)
    deploying = threading.Thread(target=_deploy, args=(stage, deploys, seconds, seen))
    deploying.start()
    sender.post_at_rate(webhooks, per_second=per_second)
    deploying.join()
    sent = sender.finish(timeout=30)

    verdict.operations = sent.count + talking
    verdict.figures |= {
        "webhooks": sent.count,
        "refused": len(sent.refused),
        "slowest_s": round(sent.slowest, 3),
        "processes_seen": len(seen),
    }
    verdict.expect(sent.count == len(webhooks), "every webhook was answered")
    verdict.expect(not sent.refused, f"no webhook was refused: {sent.refused[:3]}")
    verdict.expect(len(seen) == deploys + 1, f"each deploy brought a new process ({len(seen)} seen)")
    voices = [params["CallSid"] for path, params in webhooks if path == "/twilio/voice"]
    with stage.database.reading(ALL) as session:
        known = session.scalar(select(func.count()).select_from(Call).where(Call.sid.in_(voices))) or 0
    verdict.lost = len(voices) - known
    verdict.expect(verdict.lost == 0, f"every caller is known ({verdict.lost} are not)")
    verdict.expect(all(talks(stage.view(sid)) for sid in talkers), "nobody who talked was cut")
    return verdict


def _deploy(stage: Stage, deploys: int, seconds: float, seen: set[int]) -> None:
    product = stage.product
    assert product is not None
    for _number in range(deploys):
        time.sleep(seconds / (deploys + 2))
        before = product.children
        product.send(signal.SIGHUP)
        wait_until(lambda before=before: _is_replaced(product, before), within=30, every=0.1)  # type: ignore[misc]
        seen |= product.children


def _is_replaced(product: Process, before: frozenset[int]) -> bool:
    """Whether none of those who served before lives any more, and somebody else serves."""
    return bool(product.children) and not product.children & before


def _webhooks(stage: Stage, random: Random, count: int) -> list[tuple[str, dict[str, str]]]:
    """New calls, and what the carrier asks and tells of calls that came before, mixed."""
    webhooks: list[tuple[str, dict[str, str]]] = []
    sids: list[str] = []
    for number in range(count):
        kind = random.choice(("voice", "wait", "call-status"))
        if kind == "voice" or not sids:
            sid = f"CA{random.getrandbits(128):032x}"
            sids.append(sid)
            caller = {"From": patient(number % 10_000), "To": random.choice(stage.lines)}
            webhooks.append(
                ("/twilio/voice", {"CallSid": sid, "Direction": "inbound", "CallStatus": "ringing", **caller})
            )
        elif kind == "wait":
            webhooks.append(("/twilio/wait", {"CallSid": random.choice(sids), "Direction": "outbound-api"}))
        else:
            webhooks.append(("/twilio/call-status", {"CallSid": random.choice(sids), "CallStatus": "completed"}))
    return webhooks

"""The database stops answering while patients ring."""

import time
from random import Random

from sqlalchemy import func, select

from callcenter.drills.stage import ALL, Stage, patient, wait_until
from callcenter.drills.verdict import Verdict
from callcenter.drills.webhooks import Sender
from callcenter.local.proxy import Proxy
from callcenter.routing.models import QueueEntry, QueueEntryStatus
from callcenter.telephony.models import Call

ANSWERED_WITHIN = 2.0  # seconds, whatever the database does


def stall_database(stage: Stage, proxy: Proxy, *, seed: int, seconds: float, per_second: float) -> Verdict:
    """Stall the line to the database for ``seconds`` while patients ring, through the carrier and directly."""
    random = Random(seed)
    verdict = Verdict("stall", faults=1)
    stage.start_product()
    before = [stage.ring(random.choice(stage.lines), caller=number) for number in range(5)]
    wait_until(lambda: _waiting(stage, before) == len(before), within=10)

    count = int(seconds * per_second)
    sids = [f"CA{random.getrandbits(128):032x}" for _ in range(count)]
    webhooks = [
        (
            "/twilio/voice",
            {
                "CallSid": sid,
                "Direction": "inbound",
                "CallStatus": "ringing",
                "From": patient(100 + number),
                "To": random.choice(stage.lines),
            },
        )
        for number, sid in enumerate(sids)
    ]
    sender = Sender(stage.product_url, account_sid=stage.account_sid, auth_token=stage.auth_token, threads=32)
    proxy.stall()
    rung = [stage.ring(random.choice(stage.lines), caller=50 + number) for number in range(10)]
    sender.post_at_rate(webhooks, per_second=per_second)
    sent = sender.finish(timeout=20)
    time.sleep(1)
    in_room = [sid for sid in rung if stage.view(sid)["in_conference"] or "urgence" in str(stage.view(sid)["heard"])]
    known_during = _known(stage, sids + rung)
    proxy.resume()
    back = time.monotonic()

    verdict.operations = len(before) + len(rung) + sent.count
    verdict.figures |= {
        "webhooks": sent.count,
        "slowest_s": round(sent.slowest, 3),
        "recorded_during_stall": known_during,
    }
    verdict.expect(sent.count == count and not sent.refused, f"every call was answered: {sent.refused[:3]}")
    verdict.expect(sent.slowest < ANSWERED_WITHIN, f"every answer came within 2 s (slowest {sent.slowest:.2f} s)")
    strangers = [sid for sid in sids if f"call-{sid}" not in sent.bodies.get(sid, "")]
    verdict.expect(not strangers, f"each caller went into her own conference ({len(strangers)} did not)")
    verdict.expect(len(in_room) == len(rung), f"whoever rang is looked after ({len(in_room)} of {len(rung)})")
    verdict.expect(known_during < count, "the database was really stalled")

    # Those who rang at the carrier are there to be found again; the others live only in their webhooks.
    everybody = before + rung
    settled = wait_until(lambda: _waiting(stage, everybody) == len(everybody), within=60)
    verdict.figures["reconciled_after_s"] = round(time.monotonic() - back, 1)
    verdict.lost = len(everybody) - _known(stage, everybody)
    verdict.expect(settled, "every caller who rang waits in the queue within a minute of the return")
    with stage.database.reading(ALL) as session:
        twice = select(Call.sid).group_by(Call.sid).having(func.count() > 1)
        verdict.doubled = len(session.scalars(twice).all())
    verdict.expect(verdict.doubled == 0, "no caller is held twice")
    return verdict


def _known(stage: Stage, sids: list[str]) -> int:
    with stage.database.reading(ALL) as session:
        return session.scalar(select(func.count()).select_from(Call).where(Call.sid.in_(sids))) or 0


def _waiting(stage: Stage, sids: list[str]) -> int:
    with stage.database.reading(ALL) as session:
        waiting = (
            select(func.count())
            .select_from(QueueEntry)
            .join(Call, Call.id == QueueEntry.call_id)
            .where(Call.sid.in_(sids), QueueEntry.status == QueueEntryStatus.WAITING)
        )
        return session.scalar(waiting) or 0

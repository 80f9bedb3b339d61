"""A caller was sent elsewhere and somebody answered her there: she is owed nothing.

Whoever hangs up before that is lost like any other (``queue.leave_queue``). The carrier tells of the end of her call
and of the end of that conversation at the same moment, in any order: both end alike.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.callbacks import settle_callback
from callcenter.routing.models import QueueEntry, QueueEntryStatus
from callcenter.telephony.calls import SPOKE_ELSEWHERE
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import Call
from callcenter.telephony.receipts import is_first


def note_spoken_elsewhere(session: Session, call_sid: str, *, at: datetime) -> None:
    """Somebody spoke with the caller where her practice had her sent. Told twice, it changes nothing."""
    call_id = session.scalar(select(Call.id).where(Call.sid == call_sid))
    with whole_floor(session):
        # The call first: what is heard of its end at this moment then finds the receipt, or is found here.
        call = None if call_id is None else lock_call(session, call_id)
        if not is_first(session, SPOKE_ELSEWHERE, call_sid, at=at) or call is None:
            return
        not_lost = update(QueueEntry).where(
            QueueEntry.call_id == call.id, QueueEntry.status == QueueEntryStatus.ABANDONED
        )
        if was_changed(session, not_lost.values(status=QueueEntryStatus.OVERFLOW)):
            touch(session, "queue")
        settle_callback(session, call, at=at)

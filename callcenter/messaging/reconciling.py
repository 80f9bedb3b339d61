"""Texts whose receipt never came: the carrier is asked what became of them."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from callcenter.core.clock import Clock
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.scope import Centre, CentreReason
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from callcenter.messaging.receipts import record_receipt
from callcenter.telephony.provider import Provider
from callcenter.telephony.reconciling import record_repair

log = logging.getLogger(__name__)
_SCOPE = Centre(CentreReason.OUTBOX)
_ASK_AFTER = timedelta(minutes=1)
_ASK_UNTIL = timedelta(hours=24)
_AT_ONCE = 20


class TextReconciler:
    """Asks after the texts without a receipt, each in its turn."""

    def __init__(self, database: Database, provider: Provider, clock: Clock) -> None:
        self._database = database
        self._provider = provider
        self._clock = clock
        self._after = 0  # the last text asked after: one that stays "sent" for hours must not hide the next

    def run(self) -> int:
        """Record what the carrier says of some texts; how many had moved on. Raises ``ProviderError``."""
        due = self._due(self._clock.now())
        settled = 0
        for message_id, sid, call_id in due:
            try:
                told = self._provider.sms_status(sid)
            except ProviderError as error:
                if not error.permanent:
                    raise
                log.warning("text %s could not be asked after: %s", message_id, error.code or error.reason)
                continue
            if told is None:
                continue
            status, error_code = told
            at = self._clock.now()
            with self._database.unit_of_work(_SCOPE) as session:
                if record_receipt(session, message_id=None, sid=sid, status=status, error_code=error_code, at=at):
                    record_repair(
                        session, "text_settled", call_id=call_id, detail=f"text {message_id}: {status}", at=at
                    )
                    settled += 1
        self._after = due[-1][0] if len(due) == _AT_ONCE else 0
        return settled

    def _due(self, at: datetime) -> list[tuple[int, str, int | None]]:
        with self._database.reading(_SCOPE) as session:
            rows = session.execute(
                select(OutboxMessage.id, OutboxMessage.sid, OutboxMessage.call_id)
                .where(
                    OutboxMessage.channel == OutboxChannel.SMS,
                    OutboxMessage.status == OutboxStatus.SENT,
                    OutboxMessage.sid.is_not(None),
                    OutboxMessage.sent_at <= at - _ASK_AFTER,
                    OutboxMessage.sent_at >= at - _ASK_UNTIL,
                    OutboxMessage.id > self._after,
                )
                .order_by(OutboxMessage.id)
                .limit(_AT_ONCE)
            ).all()
        return [(row.id, row.sid, row.call_id) for row in rows]

"""The due work of messages in a process that may be killed between any two of its steps.

A step is a statement, a commit, or a word to the carrier or the mail server: before each and after it the process can
end, at once and without a word, as by a cut of the power.
"""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import configure_mappers

from callcenter.core.clock import ManualClock
from callcenter.core.config import Settings, load_settings
from callcenter.core.db import Database
from callcenter.core.scope import Centre, CentreReason
from callcenter.main import wire_events
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.mail import SmtpMailer
from callcenter.messaging.mail_delivery import deliver_due_mail
from callcenter.messaging.notices import send_due_notices, take_by_telephone
from callcenter.telephony.models import Leg
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs
from callcenter.telephony.twilio_provider import TwilioProvider

configure_mappers()  # by the process that the workers are forked from
_SCOPE = Centre(CentreReason.WEBHOOK)


@dataclass(frozen=True)
class Orders:
    """Turns of work: with which settings, at which instants, and before which step it dies (0: it does not)."""

    settings: dict[str, Any]
    instants: Sequence[datetime]
    dies_at: int = 0
    pressed_for: str = ""  # a number (E.164) whose telephone was answered, and a key pressed


class _Steps:
    def __init__(self, dies_at: int) -> None:
        self._dies_at = dies_at
        self._done = 0

    def step(self, *_: object) -> None:
        self._done += 1
        if self._done == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


class _Watched:
    """Something outside, each word to which is a step before and a step after."""

    def __init__(self, inner: object, step: Callable[..., None]) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str) -> Any:
        gesture = getattr(self._inner, name)

        def told(*given: object, **named: object) -> object:
            self._step()
            answer = gesture(*given, **named)
            self._step()
            return answer

        return told


def work(orders: Orders) -> None:
    """Do all due work of messages at each of these instants, or die of it."""
    settings: Settings = load_settings(**orders.settings)
    database = Database(settings.database_url, bus=wire_events())
    steps = _Steps(orders.dies_at)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(database.engine, name, steps.step)
    provider: Any = _Watched(TwilioProvider(settings), steps.step)
    mailer: Any = _Watched(SmtpMailer(settings), steps.step)
    for at in orders.instants:
        clock = ManualClock(at)
        if orders.pressed_for:
            _press(database, settings, orders.pressed_for, at=at)
        send_due_notices(database, provider, clock, settings=settings)
        dial_forgotten_legs(database, provider, clock, settings=settings)
        close_ended_calls(database, provider, clock)
        deliver_due(database, provider, settings, clock)
        deliver_due_mail(database, mailer, clock)
    database.close()


def _press(database: Database, settings: Settings, number: str, *, at: datetime) -> None:
    with database.unit_of_work(_SCOPE) as session:
        leg_id = session.scalars(select(Leg.id).where(Leg.address == number)).one()
        take_by_telephone(session, leg_id, public_url=settings.public_url, at=at)

"""Due work, every second: it lies in our own tables, so that nothing is lost while the process is down."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from callcenter.agenda.writing.lapsing import release_lapsed
from callcenter.core.clock import Clock
from callcenter.core.config import Settings
from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.core.scope import Centre, CentreReason
from callcenter.desk.drafts import forget_drafts
from callcenter.desk.emergency_dialling import dial_next_lines
from callcenter.desk.nightly import NightlyCheck
from callcenter.desk.supervision_ends import let_supervisors_go
from callcenter.desk.whispering import renew_whispers
from callcenter.desk.wrap_up import finish_due_wrap_ups
from callcenter.messaging.callback_links import send_due_links
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.mail import SmtpMailer
from callcenter.messaging.mail_delivery import deliver_due_mail
from callcenter.messaging.notices import send_due_notices
from callcenter.messaging.reconciling import TextReconciler
from callcenter.routing.calling_back import rest_at_night
from callcenter.routing.offers import expire_offers, offer_waiting_calls
from callcenter.routing.old_ears import let_go_of_old_ears
from callcenter.routing.overflow import send_elsewhere, take_overdue
from callcenter.routing.presence import lapse_leases
from callcenter.routing.reconciling import Reconciler
from callcenter.routing.returning import return_cut_off
from callcenter.routing.strays import hang_up_strays
from callcenter.routing.transferring import lift_holds_after_refusal
from callcenter.telephony.kept_recordings import delete_due_recordings
from callcenter.telephony.provider import Provider
from callcenter.telephony.receipts import forget_old
from callcenter.telephony.recording import stop_left_recordings
from callcenter.telephony.ringing_back import ring_back_lost_patients
from callcenter.telephony.sweeping import close_ended_calls, dial_forgotten_legs, lift_lonely_holds

log = logging.getLogger(__name__)
_RECONCILE_EVERY = 20  # seconds
_SETTLE_FOR = 2.0  # seconds: a report is repeated or lost by then
# Longer between two looks at the floor, and the database had stalled: heartbeats hung with it.
_STALLED_AFTER = timedelta(seconds=5)
_SCOPE = Centre(CentreReason.DISTRIBUTION)


class Ticker:
    """Runs each kind of due work once a second (a look at the carrier every 20 s), never twice at a time.

    Each kind has its own thread, so that a carrier slow with texts delays no offer, and no e-mail.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock, provider: Provider) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._provider = provider
        self._mailer = SmtpMailer(settings)
        self._works_since = self._looked_at = clock.now()
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._calls = Reconciler(database, provider, clock, settle=self._settle)
        self._texts = TextReconciler(database, provider, clock)
        self._night = NightlyCheck(database, clock, zone=settings.centre_zone)
        self._scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(8)})

    def start(self) -> None:
        """Tick until stopped."""
        self._works_since = self._looked_at = self._clock.now()
        for name, work in self.kinds().items():
            # Coalesced: after a pause there is one tick to catch up, for the work itself is found in the tables.
            self._scheduler.add_job(
                partial(_guarded, name, work),
                "interval",
                seconds=_RECONCILE_EVERY if name == "reconciliation" else 1,
                id=name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        # At once at the start: what happened meanwhile was told to nobody.
        self._scheduler.add_job(partial(_guarded, "reconciliation", self.reconcile), id="first look")
        # A tick that is still at work when the next is due is no fault: that one is left out.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()

    def _settle(self) -> None:
        if self._scheduler.running:
            self._stopping.wait(_SETTLE_FOR)

    def stop(self) -> None:
        """Finish the ticks at work, begin no other."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def kinds(self) -> dict[str, Callable[[], None]]:
        """Every kind of due work, by name."""
        return {
            "emergencies": self.sweep_emergencies,
            "distribution": self.distribute,
            "calls": self.sweep_calls,
            "notices": self.notify,
            "messages": self.deliver,
            "mail": self.deliver_mail,
            "open loops": self.hand_over,
            "reconciliation": self.reconcile,
        }

    def distribute(self) -> None:
        """Conversations that stay cut, waits that last too long, offers that ran out, operators who fell silent."""
        _guarded("wrap-ups", lambda: finish_due_wrap_ups(self._database, self._clock))
        _guarded("cut conversations", lambda: return_cut_off(self._database, self._clock))
        _guarded("overflow", lambda: take_overdue(self._database, self._clock))
        _guarded("call-back links", lambda: send_due_links(self._database, self._clock, settings=self._settings))
        _guarded("lapsed holds", lambda: release_lapsed(self._database, self._clock))
        _guarded("call-backs at night", lambda: rest_at_night(self._database, self._clock))
        with self._database.unit_of_work(_SCOPE) as session:
            at = self._clock.now()
            # By when each look began: one that hung itself ends only when the database is back.
            if at - self._looked_at > _STALLED_AFTER:
                self._works_since = at
            expire_offers(session, at=at, started_at=self._works_since)
            lapse_leases(session, at=at, started_at=self._works_since)
            offer_waiting_calls(session, at=at)
        self._looked_at = at

    def sweep_emergencies(self) -> None:
        """Patients who were lost, and emergency lines that did not answer: never behind what a slow carrier delays."""
        database, provider, clock, settings = self._database, self._provider, self._clock, self._settings
        _guarded("ringing back", lambda: ring_back_lost_patients(database, provider, clock, settings=settings))
        _guarded("next emergency lines", lambda: dial_next_lines(database, provider, clock, settings=settings))

    def sweep_calls(self) -> None:
        """Patients held alone or sent elsewhere, telephones that nobody dialled or that strayed, calls to be closed.

        Whom somebody waits for comes first, and a fault in one kind leaves the others to be done.
        """
        database, provider, clock, settings = self._database, self._provider, self._clock, self._settings
        _guarded("overflow", lambda: send_elsewhere(database, provider, clock, settings=settings))
        _guarded("forgotten telephones", lambda: dial_forgotten_legs(database, provider, clock, settings=settings))
        _guarded("lonely holds", lambda: lift_lonely_holds(database, provider, clock))
        _guarded("refused transfers", lambda: lift_holds_after_refusal(database, provider, clock))
        _guarded("strays", lambda: hang_up_strays(database, provider, clock))
        _guarded("supervisors", lambda: let_supervisors_go(database, provider, clock))
        # Before the old telephone lets go: nobody but its operator ever hears a whisper.
        _guarded("whispers", lambda: renew_whispers(database, provider, clock))
        _guarded("old ears", lambda: let_go_of_old_ears(database, provider, clock))
        _guarded("left recordings", lambda: stop_left_recordings(database, provider, clock))
        _guarded("ended calls", lambda: close_ended_calls(database, provider, clock))

    def notify(self) -> None:
        """Practitioners who are to be told of messages: never behind texts, and no offer behind their telephones."""
        send_due_notices(self._database, self._provider, self._clock, settings=self._settings)

    def deliver(self) -> None:
        """Texts that are due."""
        deliver_due(self._database, self._provider, self._settings, self._clock, is_stopping=self._stopping.is_set)

    def deliver_mail(self) -> None:
        """E-mails that are due."""
        deliver_due_mail(self._database, self._mailer, self._clock, is_stopping=self._stopping.is_set)

    def hand_over(self) -> None:
        """What nobody has, before midnight."""
        self._night.run()

    def reconcile(self) -> None:
        """What the carrier has otherwise than we: calls, then texts; and old receipts go. Never twice at a time."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            with self._database.unit_of_work(_SCOPE) as session:
                forget_old(session, at=self._clock.now())
                forget_drafts(session, at=self._clock.now())
            delete_due_recordings(self._database, self._provider, self._clock)
            self._calls.run()
            self._texts.run()
        except ProviderError as error:
            log.warning("no look at the carrier's texts: %s", error.code or error.reason)
        finally:
            self._looking.release()


def _guarded(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        log.exception("due work failed and is tried again in a second: %s", name)

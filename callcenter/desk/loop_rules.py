"""What is open, whose it is, when it is late, who has it for the night, and which promises were kept. Pure.

A loop is something that somebody is still owed: a message, a call-back, an offered call, a relay to the emergency
line, a task. All that is known of it stands in its own row; only whom it was handed to is kept beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.core.wall_time import instant_of

NIGHT_FROM = time(23, 45)
"""From then on, by the centre's clock, nothing stays without a name: a quarter of an hour before midnight is enough to
try again when the database is away, and late enough that the evening's own work is done."""

MESSAGE_DONE_WITHIN = timedelta(hours=24)
"""Whoever took a message is done with it a day later: until then it is open, and not late."""

RELAY_WITHIN = timedelta(minutes=15)
"""A relay that nobody has said "taken over" of for so long is looked after; the card itself alarms much sooner."""

WEEK, MONTH = timedelta(days=7), timedelta(days=30)


class LoopKind(StrEnum):
    """Of which of the domains' rows an open loop is."""

    MESSAGE = "message"
    CALLBACK = "callback"
    OFFER = "offer"
    RELAY = "relay"
    TASK = "task"


class OwnerKind(StrEnum):
    """Who has a loop: the first two are somebody by name."""

    STAFF = "staff"  # an operator, a supervisor, an administrator
    PRACTITIONER = "practitioner"
    ON_CALL = "on_call"  # whoever is on call
    DESK = "desk"  # any operator


class OwnerReason(StrEnum):
    """How somebody came to a loop."""

    OWN = ""  # it is hers by its own row
    TAKEN = "taken"
    GIVEN = "given"
    NIGHT = "night"  # the nightly check, and she has not looked yet


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a loop. ``ref_id`` is the account's or the practitioner's; ``since`` None: from the beginning."""

    kind: OwnerKind
    ref_id: int | None = None
    since: datetime | None = None
    reason: OwnerReason = OwnerReason.OWN
    by_night: bool = False  # the nightly check named her, whether she has looked or not
    name: str = ""

    @property
    def has_name(self) -> bool:
        """Whether it is somebody by name."""
        return self.kind in {OwnerKind.STAFF, OwnerKind.PRACTITIONER}

    @property
    def key(self) -> str:
        """Who it is, as a form says whom it saw: ``staff-3``; empty when nobody has it by name."""
        return f"{self.kind.value}-{self.ref_id}" if self.has_name else ""

    def is_staff(self, staff_id: int) -> bool:
        """Whether it is this account."""
        return self.kind is OwnerKind.STAFF and self.ref_id == staff_id


DESK = Owner(OwnerKind.DESK)
ON_CALL = Owner(OwnerKind.ON_CALL)


@dataclass(frozen=True, slots=True)
class Loop:
    """One open loop. Instants are UTC; ``owed`` is a message id, ``about`` whom it is for, both in few words."""

    kind: LoopKind
    ref_id: int
    practice_id: int
    owed: str
    since: datetime
    due_at: datetime
    owner: Owner
    about: str = ""
    number: str | None = None  # E.164
    words: str = ""
    practice_name: str = ""
    zone: str = ""
    country: str = "FR"
    is_private: bool = False  # of a message that no colleague of its addressee may open

    @property
    def id(self) -> str:
        """Its name on a page."""
        return f"{self.kind.value}-{self.ref_id}"

    def is_late(self, at: datetime) -> bool:
        """Whether its time is over."""
        return self.due_at < at


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open account that may be handed what nobody has; ``signed_in_at`` None: never."""

    staff_id: int
    is_supervisor: bool
    is_administrator: bool
    signed_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that was due at an instant; ``kept_at`` None: not kept so far."""

    practice_id: int
    due_at: datetime
    kept_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many were due, how many of them were kept in time."""

    due: int
    kept: int

    @property
    def percent(self) -> int | None:
        """Rounded down, so that only all of them are a hundred; None when nothing was due."""
        return None if not self.due else 100 * self.kept // self.due


def message_owner(*, practitioner_id: int | None, taken: Owner | None, deadline_at: datetime, at: datetime) -> Owner:
    """Whose a message is: who took it; else its addressee until its deadline, then the desk."""
    if taken is not None:
        return taken
    if deadline_at <= at:
        return DESK
    return ON_CALL if practitioner_id is None else Owner(OwnerKind.PRACTITIONER, practitioner_id)


def owner_of(own: Owner, named: Owner | None) -> Owner:
    """Who has a loop: who was named for it, unless somebody made it hers by its own row since then."""
    if named is None:
        return own
    if own.has_name and own.since is not None and named.since is not None and own.since > named.since:
        return own
    return named


def in_order(loops: Iterable[Loop], *, at: datetime) -> list[Loop]:
    """Late ones first, then by their due time."""
    return sorted(loops, key=lambda one: (not one.is_late(at), one.due_at, one.kind, one.ref_id))


def heir(candidates: Sequence[Candidate], *, wished: int | None) -> int | None:
    """Who gets what has no name: whoever was chosen for it, if her account is open.

    Else the supervisor who signed in last, else any supervisor, else an administrator; None when there is nobody.
    """
    if any(one.staff_id == wished for one in candidates):
        return wished
    for group in (
        [one for one in candidates if one.is_supervisor],
        [one for one in candidates if one.is_administrator],
    ):
        if group:
            return min(group, key=_latest_first).staff_id
    return None


def is_night(at: datetime, zone: ZoneInfo) -> bool:
    """Whether it is between a quarter to twelve and midnight, by that zone's clocks."""
    return at.astimezone(zone).time() >= NIGHT_FROM


def last_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which this day began there; where clocks jump over midnight, the instant of the jump."""
    return instant_of(datetime.combine(at.astimezone(zone).date(), time()), zone)


def period_starts(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    """Since when today, the last seven days and the last thirty count: the two others end now, hour for hour."""
    return last_midnight(at, zone), at - WEEK, at - MONTH


def share_kept(promises: Iterable[Promise], *, since: datetime, until: datetime) -> Share:
    """Of all that was due from the one instant to the other, how much was kept by its due time."""
    due = [one for one in promises if since <= one.due_at <= until]
    return Share(len(due), sum(one.kept_at is not None and one.kept_at <= one.due_at for one in due))


def _latest_first(one: Candidate) -> tuple[bool, float, int]:
    signed_in = one.signed_in_at
    return (signed_in is None, 0.0 if signed_in is None else -signed_in.timestamp(), one.staff_id)

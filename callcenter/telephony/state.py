"""Where a leg and its call stand, decided from what was heard of them. Pure.

The carrier promises no order, repeats itself, and some news never comes. So each fact is kept the first time it is
heard, news of the room and of hold and mute count by their own order and not by their arrival, and every status is
derived from the facts: any order and any repetition of the same news ends alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from callcenter.telephony.statuses import CallStatus, LegRole, LegStatus


class LegNews(StrEnum):
    """What can be heard of a leg."""

    DIALLED = "dialled"  # the carrier has taken the order to ring it
    RANG = "rang"
    ANSWERED = "answered"
    TAKEN = "taken"  # whoever answered has pressed the key: it is on its way into the conference
    JOINED = "joined"  # it came into the conference
    LEFT = "left"  # it was in the conference and is no longer; its telephone may still be off the hook
    HUNG_UP = "hung_up"  # its telephone is back on the hook, whether or not anybody ever answered
    COMPLETED = "completed"  # back on the hook after it was answered
    FAILED = "failed"  # it never answered, or the carrier refused
    GIVEN_UP = "given_up"  # nothing more was heard of it and we no longer wait; what is heard later counts more
    HELD = "held"
    UNHELD = "unheld"
    MUTED = "muted"
    UNMUTED = "unmuted"
    COACHING = "coaching"  # heard by the operator alone
    NOT_COACHING = "not_coaching"
    MODIFIED = "modified"  # one of its flags changed; the flags say which


@dataclass(frozen=True, slots=True)
class RoomFlags:
    """How a leg is in its room, as each report about it repeats."""

    on_hold: bool
    muted: bool
    coaching: bool


@dataclass(frozen=True, slots=True)
class LegState:
    """What is known of one leg. Instants are UTC; marks as in ``telephony.models.Leg``."""

    role: LegRole
    rang_us: bool = False  # a patient's own call; every other telephone was rung by us
    asks_key: bool = False  # who answers is in the conversation only once its room says so: a voicemail presses no key
    dialled_at: datetime | None = None
    ringing_at: datetime | None = None
    taken_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    over_at: datetime | None = None
    failed_at: datetime | None = None
    given_up_at: datetime | None = None
    in_room: bool | None = None  # None: the room has said nothing yet
    room_mark: int = 0
    on_hold: bool = False
    hold_mark: int = 0
    muted: bool = False
    coaching: bool = False
    mute_mark: int = 0  # orders what is told of both

    @property
    def status(self) -> LegStatus:
        """Where it stands, from its facts alone."""
        if self.over_at is not None:
            was_there = self.joined_at is not None or not self.asks_key or self.taken_at is not None
            return LegStatus.LEFT if was_there else LegStatus.FAILED
        if self.failed_at is not None:
            return LegStatus.FAILED if self.joined_at is None else LegStatus.LEFT
        if self._is_in:
            return LegStatus.JOINED
        if self.joined_at is not None and not self.rang_us:
            return LegStatus.LEFT  # whom we rang is hung up on by the carrier when it leaves the room
        if self.given_up_at is not None:
            return LegStatus.FAILED
        if self.joined_at is not None or self.dialled_at is not None:
            return LegStatus.RINGING if self.ringing_at is not None and self.joined_at is None else LegStatus.DIALLING
        return LegStatus.RINGING if self.ringing_at is not None else LegStatus.WANTED

    @property
    def is_open(self) -> bool:
        """Whether this telephone is, or may come to be, in the call."""
        return self.status not in {LegStatus.LEFT, LegStatus.FAILED}

    @property
    def _is_in(self) -> bool:
        # Whom we rang is in the room as soon as it answered; a report of the room itself counts more.
        return self.joined_at is not None if self.in_room is None else self.in_room


def advance(leg: LegState, news: LegNews, *, at: datetime, mark: int = 0, flags: RoomFlags | None = None) -> LegState:
    """The leg after this news. Late news adds the fact it carries; an older ``mark`` than the last changes no room.

    ``mark`` orders the carrier's reports; 0 when the news has none (our own gestures, a look at the carrier's list):
    it then counts as the latest, without hiding later reports. ``flags`` came with the report.
    """
    if flags is not None and news not in {LegNews.LEFT, LegNews.COMPLETED}:
        leg = _take_flags(leg, flags, mark)
    heard = _hear(leg, news, at, mark)
    if heard.over_at is not None or heard.failed_at is not None:
        heard = replace(heard, on_hold=False, muted=False, coaching=False)
    return replace(heard, left_at=None if heard.is_open else heard.left_at or at)


def call_status(legs: Iterable[LegState], *, in_emergency: bool = False) -> CallStatus:
    """Where a call stands; ``in_emergency``: its relay is open.

    The patient may have several legs: she is rung back on a new one when hers dropped while the emergency line, or a
    doctor and an operator, were or were to be in the conversation; in an emergency an operator is enough, whatever
    became of the line. While that rings, whoever is there waits for her.
    In a call of ours nobody is lost before she has answered: with the operator gone it is over.
    """
    legs = list(legs)
    patients = [leg for leg in legs if leg.role is LegRole.PATIENT]
    others = [leg for leg in legs if leg.role is not LegRole.PATIENT]
    if any(leg.is_open for leg in patients) and not any(_was_there(leg) for leg in patients):
        return CallStatus.TALKING if any(leg.is_open for leg in others) else CallStatus.ENDED
    if patients and not any(leg.is_open for leg in patients):
        return CallStatus.LOST if _somebody_waits(others, in_emergency=in_emergency) else CallStatus.ENDED
    if patients and not any(_is_there(leg) for leg in patients):
        return CallStatus.LOST if any(leg.is_open for leg in others) else CallStatus.ENDED
    if any(leg.status is LegStatus.JOINED for leg in others):
        return CallStatus.TALKING
    return CallStatus.WAITING


def was_answered(legs: Iterable[LegState]) -> bool:
    """Whether an operator and the patient ever were in the conversation; one whom we ring may not pick up."""
    legs = list(legs)
    operator = any(leg.role is LegRole.OPERATOR and leg.joined_at is not None for leg in legs)
    return operator and any(leg.role is LegRole.PATIENT and _was_there(leg) for leg in legs)


def _is_there(patient: LegState) -> bool:
    return patient.status is LegStatus.JOINED or (patient.rang_us and patient.is_open)


def _was_there(patient: LegState) -> bool:
    return patient.rang_us or patient.joined_at is not None


def _somebody_waits(others: Iterable[LegState], *, in_emergency: bool) -> bool:
    """The emergency line always does, and in an emergency its operator, also before that line is dialled.

    A doctor does while an operator is with him. Left to themselves, they said goodbye.
    """
    there = {leg.role for leg in others if leg.is_open}
    if in_emergency and LegRole.OPERATOR in there:
        return True
    return LegRole.EMERGENCY in there or {LegRole.PRACTITIONER, LegRole.OPERATOR} <= there


def _hear(leg: LegState, news: LegNews, at: datetime, mark: int) -> LegState:
    match news:
        case LegNews.DIALLED:
            return replace(leg, dialled_at=leg.dialled_at or at)
        case LegNews.RANG:
            return replace(leg, ringing_at=leg.ringing_at or at)
        case LegNews.ANSWERED:
            if leg.asks_key:
                return replace(leg, ringing_at=leg.ringing_at or at)  # by whom is not known yet
            return replace(leg, joined_at=leg.joined_at or at)
        case LegNews.TAKEN:
            return replace(leg, taken_at=leg.taken_at or at)
        case LegNews.JOINED | LegNews.LEFT:
            # Whoever left was there, whether or not the joining was ever told.
            there = _start_afresh(replace(leg, joined_at=leg.joined_at or at), mark)
            if _is_older(mark, leg.room_mark):
                return there
            return replace(there, in_room=news is LegNews.JOINED, room_mark=max(mark, leg.room_mark))
        case LegNews.HUNG_UP:
            return replace(leg, over_at=leg.over_at or at)
        case LegNews.COMPLETED:
            if leg.asks_key and leg.taken_at is None:
                return replace(leg, over_at=leg.over_at or at)
            return replace(leg, joined_at=leg.joined_at or at, over_at=leg.over_at or at)
        case LegNews.FAILED:
            return replace(leg, failed_at=leg.failed_at or at)
        case LegNews.GIVEN_UP:
            return replace(leg, given_up_at=leg.given_up_at or at)
        case LegNews.HELD | LegNews.UNHELD:
            if _is_older(mark, leg.hold_mark):
                return leg
            return replace(leg, on_hold=news is LegNews.HELD, hold_mark=max(mark, leg.hold_mark))
        case LegNews.MUTED | LegNews.UNMUTED:
            if _is_older(mark, leg.mute_mark):
                return leg
            return replace(leg, muted=news is LegNews.MUTED, mute_mark=max(mark, leg.mute_mark))
        case LegNews.COACHING | LegNews.NOT_COACHING:
            if _is_older(mark, leg.mute_mark):
                return leg
            return replace(leg, coaching=news is LegNews.COACHING, mute_mark=max(mark, leg.mute_mark))
        case LegNews.MODIFIED:
            return leg


def _start_afresh(leg: LegState, mark: int) -> LegState:
    """Whoever comes into a room, or leaves it, is neither on hold nor muted from then on; nobody tells so apart."""
    if mark > leg.hold_mark:
        leg = replace(leg, on_hold=False, hold_mark=mark)
    if mark > leg.mute_mark:
        leg = replace(leg, muted=False, coaching=False, mute_mark=mark)
    return leg


def _take_flags(leg: LegState, flags: RoomFlags, mark: int) -> LegState:
    if mark > leg.hold_mark:
        leg = replace(leg, on_hold=flags.on_hold, hold_mark=mark)
    if mark > leg.mute_mark:
        leg = replace(leg, muted=flags.muted, coaching=flags.coaching, mute_mark=mark)
    return leg


def _is_older(mark: int, last: int) -> bool:
    return 0 < mark <= last

"""What a look at the carrier says of a leg that we believe otherwise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from callcenter.telephony.state import LegNews
from callcenter.telephony.statuses import LegRole, LegStatus

# The carrier forgets no call for months: one that it does not know a minute after it was made never was.
_UNKNOWN_AFTER = timedelta(seconds=60)
_FINAL = {
    "completed": LegNews.COMPLETED,
    "busy": LegNews.FAILED,
    "no-answer": LegNews.FAILED,
    "failed": LegNews.FAILED,
    "canceled": LegNews.FAILED,
}
_UNDER_WAY = {"ringing": LegNews.RANG, "in-progress": LegNews.ANSWERED}


@dataclass(frozen=True, slots=True)
class Believed:
    """One leg as we have it. ``wanted_at`` is UTC."""

    leg_id: int
    call_id: int
    role: LegRole
    status: LegStatus
    is_first_of_patient: bool  # she rang us; nobody rang her
    wanted_at: datetime
    on_hold: bool
    muted: bool
    coaching: bool = False
    asks_key: bool = False  # answered is not yet in the conversation


@dataclass(frozen=True, slots=True)
class Seen:
    """The same leg as the carrier has it. ``status`` in the carrier's words; None: it does not know the leg."""

    status: str | None
    is_in_room: bool
    on_hold: bool = False
    muted: bool = False
    coaching: bool = False


def news_of(believed: Believed, seen: Seen, *, at: datetime) -> list[LegNews]:
    """What must be told of this leg so that we believe what the carrier has; nothing when both agree."""
    if seen.status is None:
        return [LegNews.HUNG_UP] if at - believed.wanted_at >= _UNKNOWN_AFTER else []
    if seen.status in _FINAL:
        # Whoever rang us was never "not answered": her call is simply over.
        return [LegNews.HUNG_UP if believed.is_first_of_patient else _FINAL[seen.status]]
    if not seen.is_in_room:
        return _under_way(believed, seen.status)
    news = [] if believed.status is LegStatus.JOINED else [LegNews.JOINED]
    if seen.on_hold != believed.on_hold:
        news.append(LegNews.HELD if seen.on_hold else LegNews.UNHELD)
    if seen.muted != believed.muted:
        news.append(LegNews.MUTED if seen.muted else LegNews.UNMUTED)
    if seen.coaching != believed.coaching:
        news.append(LegNews.COACHING if seen.coaching else LegNews.NOT_COACHING)
    return news


def _under_way(believed: Believed, status: str) -> list[LegNews]:
    """Not in a room: an absence, which a look alone does not prove; it rings, or it was answered."""
    if believed.is_first_of_patient or believed.status is LegStatus.JOINED:
        return []
    news = _UNDER_WAY.get(status)
    if believed.asks_key and news is LegNews.ANSWERED:
        news = LegNews.RANG
    if news is None or (news is LegNews.RANG and believed.status is LegStatus.RINGING):
        return []
    return [news]


def words_of(news: LegNews) -> str:
    """The kind of repair that this news is."""
    return _KINDS[news]


_KINDS: Mapping[LegNews, str] = {
    LegNews.HUNG_UP: "leg_over",
    LegNews.COMPLETED: "leg_over",
    LegNews.FAILED: "leg_failed",
    LegNews.JOINED: "leg_joined",
    LegNews.ANSWERED: "leg_joined",
    LegNews.RANG: "leg_rang",
    LegNews.HELD: "hold",
    LegNews.UNHELD: "hold",
    LegNews.MUTED: "mute",
    LegNews.UNMUTED: "mute",
    LegNews.COACHING: "mute",
    LegNews.NOT_COACHING: "mute",
}

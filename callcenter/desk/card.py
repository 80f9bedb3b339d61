"""The call card: all an operator needs of one call, before she picks up. Read by ``desk.card_reading``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from callcenter.desk.cautions import CardCaution
from callcenter.desk.company import Company
from callcenter.desk.models import DispositionCode
from callcenter.desk.persons import BookedHere, KnownPerson
from callcenter.desk.shield import NotedAbuse
from callcenter.desk.supervision_view import Watcher
from callcenter.desk.why import Why
from callcenter.directory.models import Forwarding
from callcenter.dispatch.message_view import MessageView
from callcenter.dispatch.on_call import OnCallLine
from callcenter.telephony.ringing_back import RingingBack


class CardState(StrEnum):
    """What the operator may do with the call now."""

    RINGING = "ringing"  # offered to her, the patient waits
    CONNECTING = "connecting"  # she took it, her telephone is not in the conversation yet
    TALKING = "talking"
    HOLD = "hold"
    CONSULTING = "consulting"  # the patient hears music while somebody else is rung, or spoken with
    THREE_WAY = "three_way"
    CALLING = "calling"  # a call-back: she is on the line, the patient's telephone rings
    CUT = "cut"  # her telephone has left the conversation, and may come back
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class CardInstruction:
    """One instruction in force; ``is_new`` when it was written after her last call for this practice."""

    text: str
    valid_until: datetime | None
    written_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class PastCall:
    """An earlier call of this number to this practice."""

    received_at: datetime
    words: str
    code: DispositionCode | None


@dataclass(frozen=True, slots=True)
class CallCard:
    """One call as its operator sees it. Instants are UTC; ``zone`` is where the practice's clocks stand."""

    call_id: int
    sid: str  # the carrier's name of the call
    practice_id: int
    state: CardState
    joined_at: datetime  # since when she waits; without a place, when her call came in
    answered_at: datetime | None
    ended_at: datetime | None
    state_since: datetime
    reservation_id: int | None
    offered_at: datetime | None
    offer_expires_at: datetime | None
    why: Why | None  # the rule that chose her; None for a call that she was brought into
    greeting: str
    on_call: OnCallLine | None  # who is, at the practice; None where it has no roster
    practice_name: str
    city: str
    practitioners: list[str]
    is_callback: bool  # we ring the patient
    line_label: str
    line_number: str
    forwarding: Forwarding
    country: str
    zone: str
    from_number: str | None
    held_at: datetime | None
    patient_has_left: bool
    may_leave: bool  # not while the patient is on hold with nobody else
    lost: RingingBack | None  # her line dropped during an emergency or with a doctor, and she is rung back
    telephone_failure: str
    company: Company
    recorded_since: datetime | None
    recording_broke_off: bool  # somebody came in to whom it was not announced
    may_record: bool  # her practice asks for it, and it is no emergency
    may_breathe: bool  # wrapping up an emergency, or a call in which she was abused
    abuse: NotedAbuse | None  # what she, or a colleague, reported of this call
    cautions: list[CardCaution]  # never in an emergency
    watchers: list[Watcher]  # supervisors in the call
    instructions: list[CardInstruction]
    persons: list[KnownPerson]
    patient: KnownPerson | None
    past_calls: list[PastCall]
    words: str
    booked: list[BookedHere]
    messages: Sequence[MessageView]  # of this call, and the chosen patient's of the last days
    emergency_opened: bool
    in_emergency: bool  # the relay is open and not yet taken over: no hold, and the card stands over the desk
    likely: DispositionCode | None
    qualified: DispositionCode | None

    @property
    def is_hers(self) -> bool:
        """Whether she took the call: an offer may be looked at, not worked on."""
        return self.state is not CardState.RINGING

    @property
    def is_live(self) -> bool:
        """Whether her telephone is in the conversation."""
        return self.state in _LIVE

    @property
    def can_book(self) -> bool:
        """Whether a time may be booked in this call now, wrap-up included."""
        return self.is_hers and self.patient is not None

    def local(self, instant: datetime) -> datetime:
        """An instant as the practice's clocks show it."""
        return instant.astimezone(ZoneInfo(self.zone))


_LIVE = frozenset({CardState.TALKING, CardState.HOLD, CardState.CONSULTING, CardState.THREE_WAY})

"""Ringing an emergency line, and the patient, by telling the carrier alone.

Nothing here touches a database: it is what still works when that does not answer. ``desk.emergency_kept`` writes down
afterwards what was done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from callcenter.core.config import Settings
from callcenter.core.errors import Conflict, Forbidden, ProviderError
from callcenter.core.i18n import N_
from callcenter.core.training import refusal_in_training
from callcenter.desk.emergency_ticket import EmergencyTicket, line_of
from callcenter.telephony.adopting import attempt_of, emergency_label, is_emergency_label, rung_back_label
from callcenter.telephony.calls import PATIENT_LABEL, conference_name
from callcenter.telephony.dialling import EMERGENCY_RINGS_FOR
from callcenter.telephony.provider import LABEL_TAKEN, CarrierParticipant, Provider
from callcenter.telephony.twiml import callback_url

_OVER = {"completed", "busy", "no-answer", "failed", "canceled"}


class LineState(StrEnum):
    """Where a line stands at the carrier."""

    RINGING = "ringing"
    ANSWERED = "answered"
    IN_VAIN = "in_vain"  # nobody answered: the next one is tried
    CUT = "cut"  # it was answered, and has left
    NONE = "none"  # the carrier has no such line


class PatientState(StrEnum):
    """Where the patient stands at the carrier."""

    THERE = "there"
    RINGING = "ringing"  # she is being rung back
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Rung:
    """A line that was rung, or rings already: the ``attempt`` its label counts, and the carrier's SID when known."""

    attempt: int
    place: int
    number: str
    label: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class SeenRoom:
    """The room of a call as the carrier has it now; nobody in it when it is not open."""

    participants: Sequence[CarrierParticipant]

    @property
    def has_patient(self) -> bool:
        """Whether a telephone of the patient is connected: her own, or one she was rung back on."""
        return any(one.is_connected and one.label.startswith(PATIENT_LABEL) for one in self.participants)

    @property
    def patient_state(self) -> PatientState:
        """Where she stands: in the room, being rung back into it, or gone."""
        if self.has_patient:
            return PatientState.THERE
        rings = any(one.label.startswith(PATIENT_LABEL) for one in self.participants)
        return PatientState.RINGING if rings else PatientState.GONE

    @property
    def held(self) -> Sequence[CarrierParticipant]:
        """The patient's telephones that hear the hold music."""
        return [one for one in self.participants if one.on_hold and one.label.startswith(PATIENT_LABEL)]

    def line(self, attempt: int | None = None) -> CarrierParticipant | None:
        """The emergency line that rings or is in; only that of one attempt when it is given."""
        wanted = None if attempt is None else emergency_label(attempt)
        lines = [one for one in self.participants if is_emergency_label(one.label)]
        return next((one for one in lines if wanted in {None, one.label}), None)


def look_into_room(provider: Provider, ticket: EmergencyTicket) -> SeenRoom:
    """Who is in the room of this call. Raises ``ProviderError``."""
    name = conference_name(ticket.call_sid)
    room = next((one for one in provider.open_rooms() if one.name == name), None)
    return SeenRoom([] if room is None else provider.participants(room))


def ring_directly(
    provider: Provider, ticket: EmergencyTicket, *, attempt: int, place: int, settings: Settings, seen: SeenRoom | None
) -> Rung:
    """Have the carrier ring the line at this place of the ticket, unless one rings or is in already.

    The label is the one that the ordinary way would give: whichever comes second is refused by the carrier. ``seen`` is
    None when the carrier could not be asked who is there: then it is rung all the same. Raises ``Forbidden`` or
    ``Conflict`` for a line that may not be dialled and when the patient has left, ``ProviderError``.
    """
    line = line_of(ticket, place)
    if not isinstance(line, tuple):
        raise line
    number, label = line
    room = conference_name(ticket.call_sid)
    if seen is not None:
        open_line = seen.line()
        if open_line is not None:
            return Rung(attempt_of(open_line.label), place, number, label, open_line.call_sid)
        if not seen.has_patient:
            raise Conflict(N_("The patient's line is cut. Dial on your own telephone."))
    try:
        sid = provider.dial_into_conference(
            conference=room,
            to=number,
            caller=ticket.caller,
            label=emergency_label(attempt),
            status_callback=callback_url(
                settings.public_url, f"/twilio/leg?room={ticket.call_sid}&label={emergency_label(attempt)}"
            ),
            conference_callback=callback_url(settings.public_url, "/twilio/conference"),
            ring_for=EMERGENCY_RINGS_FOR,
        )
    except ProviderError as refused:
        if refused.code != LABEL_TAKEN:
            raise
        return Rung(attempt, place, number, label, None)  # it rings already
    return Rung(attempt, place, number, label, sid)


def ring_patient_directly(provider: Provider, ticket: EmergencyTicket, *, settings: Settings, seen: SeenRoom) -> bool:
    """Have the carrier ring the patient back into her room; False when a telephone of hers is there or rings already.

    The label is the one that the ordinary way would give: whichever comes second is refused by the carrier. Raises
    ``Conflict`` when she has no number or nobody waits for her, ``Forbidden`` in training, ``ProviderError``.
    """
    if seen.patient_state is not PatientState.GONE:
        return False
    if not ticket.patient_number:
        raise Conflict(N_("Her number is withheld: she cannot be rung back."))
    if not any(one.is_connected for one in seen.participants):
        raise Conflict(N_("Nobody is on the line any more."))
    refusal = refusal_in_training(ticket.mode, ticket.patient_number, takes_part=True)
    if refusal:
        raise Forbidden(refusal)
    label = rung_back_label(ticket.patients + 1)
    try:
        provider.dial_into_conference(
            conference=conference_name(ticket.call_sid),
            to=ticket.patient_number,
            caller=ticket.caller,
            label=label,
            status_callback=callback_url(settings.public_url, f"/twilio/leg?room={ticket.call_sid}&label={label}"),
            conference_callback=callback_url(settings.public_url, "/twilio/conference"),
        )
    except ProviderError as refused:
        if refused.code != LABEL_TAKEN:
            raise
        return False
    return True


def take_back_from_hold(provider: Provider, ticket: EmergencyTicket, seen: SeenRoom) -> None:
    """A patient in danger hears the conversation. Raises ``ProviderError``."""
    for patient in seen.held:
        provider.set_hold(conference_name(ticket.call_sid), patient.call_sid, False)


def state_of_line(provider: Provider, seen: SeenRoom, *, attempt: int, sid: str | None) -> LineState:
    """Where the line of this attempt stands. Raises ``ProviderError``."""
    there = seen.line(attempt)
    if there is not None:
        return LineState.ANSWERED if there.is_connected else LineState.RINGING
    found = provider.find_call(sid) if sid else None
    if found is None:
        return LineState.NONE
    if found.status not in _OVER:
        return LineState.ANSWERED if found.status == "in-progress" else LineState.RINGING
    return LineState.CUT if found.status == "completed" else LineState.IN_VAIN


def proven(provider: Provider, ticket: EmergencyTicket, rung: Sequence[Rung]) -> list[Rung]:
    """What a browser says was rung, without the SIDs that the carrier does not bear out. Raises ``ProviderError``.

    A line is taken in by its SID: it must be a call of ours to that line, showing our number, and in this call's room
    unless it is over.
    """
    if not any(one.sid for one in rung):
        return list(rung)
    there = {one.call_sid for one in look_into_room(provider, ticket).participants}
    found = [provider.find_call(one.sid) if one.sid else None for one in rung]
    return [
        one
        if call is not None
        and call.direction != "inbound"
        and (call.to_number, call.from_number) == (one.number, ticket.caller)
        and (call.status in _OVER or call.sid in there)
        else replace(one, sid=None)
        for one, call in zip(rung, found, strict=True)
    ]

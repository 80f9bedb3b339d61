"""/network: the telephones' side, for people's pages and for simulated people."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from callcenter.carrier import calls, conferences
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.clock import ManualClock
from callcenter.carrier.identifiers import is_client, is_e164
from callcenter.carrier.legs import hang_up, phone_of
from callcenter.carrier.network import Answers, Call, Deliveries, Phone
from callcenter.carrier.numbers import OwnedNumber, new_number
from callcenter.carrier.rest.shapes import carrier_of
from callcenter.carrier.views import board_view, call_view, mail_view, message_view, phone_view, state_view

router = APIRouter(prefix="/network")

# How networks mark a caller who withholds the number.
_WITHHELD = frozenset({"", "anonymous", "restricted", "unavailable"})


class NewCall(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    from_: str = Field(default="", alias="from")
    to: str


class Said(BaseModel):
    text: str = Field(min_length=1)


class Pressed(BaseModel):
    digits: str = Field(pattern=r"^[0-9*#wW]+$")


class PhoneSettings(BaseModel):
    answers: Answers = "person"
    after_seconds: float = Field(default=0.3, ge=0)
    says: list[str] = []
    name: str = ""
    messages: Deliveries | None = None


class NumberLabel(BaseModel):
    label: str


class Seconds(BaseModel):
    seconds: float = Field(ge=0)


@router.post("/calls", status_code=201)
async def place_call(request: Request, asked: NewCall) -> dict[str, Any]:
    """Somebody dials a number."""
    carrier = carrier_of(request)
    from_, to = _plain(asked.from_), _plain(asked.to)
    if not is_e164(to) and to not in carrier.network.phones:
        raise HTTPException(422, f"« {asked.to} » n'est pas un numéro international, par exemple +33388000001.")
    if from_ not in _WITHHELD and not is_e164(from_) and not is_client(from_):
        raise HTTPException(422, f"« {asked.from_} » n'est pas un numéro international, par exemple +33612345678.")
    call = calls.place_call(carrier, from_=from_, to=to)
    if to not in carrier.network.phones:
        _own(carrier, to)
    return {"sid": call.sid, "status": call.status}


@router.get("/calls/{sid}")
async def read_call(request: Request, sid: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return call_view(carrier.network, _call(carrier, sid))


@router.post("/calls/{sid}/say")
async def say(request: Request, sid: str, said: Said) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _say(carrier, _call(carrier, sid), said.text)


@router.post("/calls/{sid}/digits")
async def press(request: Request, sid: str, pressed: Pressed) -> dict[str, Any]:
    carrier = carrier_of(request)
    call = _call(carrier, sid)
    _must_be_live(call)
    calls.press(carrier, call, pressed.digits.replace("w", "").replace("W", ""))
    return call_view(carrier.network, call)


@router.post("/calls/{sid}/hangup")
async def hang_up_call(request: Request, sid: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    call = _call(carrier, sid)
    hang_up(carrier, call)
    return call_view(carrier.network, call)


@router.post("/hangup")
async def hang_up_everybody(request: Request) -> dict[str, int]:
    """Every call ends, as before a planned stop: whoever listens hears of it while somebody is there to say it."""
    carrier = carrier_of(request)
    calls = list(carrier.network.live_calls.values())
    for call in calls:
        hang_up(carrier, call)
    return {"hung_up": len(calls)}


@router.post("/calls/{sid}/answer")
async def answer_call(request: Request, sid: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _pick_up(carrier, _call(carrier, sid), accept=True)


@router.post("/calls/{sid}/decline")
async def decline_call(request: Request, sid: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _pick_up(carrier, _call(carrier, sid), accept=False)


@router.put("/phones/{address}")
async def register_phone(request: Request, address: str, asked: PhoneSettings) -> dict[str, Any]:
    """Puts a telephone at an address, or changes the one that is there."""
    carrier = carrier_of(request)
    if not is_e164(address) and not is_client(address):
        raise HTTPException(422, f"« {address} » n'est ni un numéro international ni client:identité.")
    phone = Phone(address, **asked.model_dump())
    carrier.network.phones[address] = phone
    carrier.network.changed()
    return phone_view(carrier.network, phone)


@router.get("/phones/{address}")
async def read_phone(request: Request, address: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return phone_view(carrier.network, phone_of(carrier, address))


@router.delete("/phones/{address}", status_code=204)
async def remove_phone(request: Request, address: str) -> None:
    carrier_of(request).network.phones.pop(address, None)


@router.post("/phones/{address}/say")
async def say_on_phone(request: Request, address: str, said: Said) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _say(carrier, _call_at(carrier, address), said.text)


@router.post("/phones/{address}/digits")
async def press_on_phone(request: Request, address: str, pressed: Pressed) -> dict[str, Any]:
    carrier = carrier_of(request)
    call = _call_at(carrier, address)
    calls.press(carrier, call, pressed.digits)
    return call_view(carrier.network, call)


@router.post("/phones/{address}/answer")
async def answer_phone(request: Request, address: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _pick_up(carrier, _call_at(carrier, address), accept=True)


@router.post("/phones/{address}/decline")
async def decline_on_phone(request: Request, address: str) -> dict[str, Any]:
    carrier = carrier_of(request)
    return _pick_up(carrier, _call_at(carrier, address), accept=False)


@router.post("/phones/{address}/hangup")
async def hang_up_phone(request: Request, address: str) -> dict[str, Any]:
    """Puts the receiver down; on a telephone that is not on a call it changes nothing."""
    carrier = carrier_of(request)
    call = carrier.network.call_at(address)
    if call is not None:
        hang_up(carrier, call)
    return phone_view(carrier.network, phone_of(carrier, address))


@router.put("/numbers/{number}")
async def name_number(request: Request, number: str, asked: NumberLabel) -> dict[str, Any]:
    """Gives a number its label on the page of telephones."""
    if not is_e164(number):
        raise HTTPException(422, f"« {number} » n'est pas un numéro international, par exemple +33388000001.")
    carrier = carrier_of(request)
    _own(carrier, number).label = asked.label
    carrier.network.changed()
    return {"number": number, "label": asked.label}


@router.get("/messages")
async def read_messages(request: Request, to: str = "", status: str = "delivered") -> list[dict[str, Any]]:
    """The SMS that arrived, oldest first; `status=all` lists the others too."""
    # A "+" left unquoted in a query arrives as a space.
    to = "+" + to.strip() if to.startswith(" ") else to
    return [
        message_view(message)
        for message in carrier_of(request).network.messages.values()
        if to in ("", message.to) and status in ("all", message.status)
    ]


@router.get("/mails")
async def read_mails(request: Request, to: str = "") -> list[dict[str, Any]]:
    """The e-mails that arrived, oldest first."""
    return [mail_view(one) for one in carrier_of(request).network.mailbox.mails.values() if one.is_for(to)]


@router.get("/errors")
async def read_errors(request: Request) -> list[dict[str, Any]]:
    """Documents and callbacks that could not be used, oldest first."""
    return [
        {"at": one.at.isoformat(), "code": one.code, "message": one.message, "url": one.url, "call_sid": one.call_sid}
        for one in carrier_of(request).network.errors
    ]


@router.get("/state")
async def read_state(request: Request) -> dict[str, Any]:
    carrier = carrier_of(request)
    return {"now": carrier.clock.now().isoformat(), **state_view(carrier.network)}


@router.get("/board")
async def read_board(request: Request, calls: str = "") -> dict[str, Any]:
    return board_view(carrier_of(request).network, [sid for sid in calls.split(",") if sid])


@router.post("/clock/advance")
async def advance_clock(request: Request, asked: Seconds) -> dict[str, Any]:
    """Moves a clock that is moved by hand; answers once all that fell due is done."""
    clock = carrier_of(request).clock
    if not isinstance(clock, ManualClock):
        raise HTTPException(409, "Cette horloge avance d'elle-même.")
    await clock.advance(asked.seconds)
    return {"now": clock.now().isoformat()}


def _plain(number: str) -> str:
    kept = number.strip()
    return "".join(kept.split()).replace(".", "").replace("-", "") if kept.startswith("+") else kept


def _call(carrier: Carrier, sid: str) -> Call:
    call = carrier.network.calls.get(sid)
    if call is None:
        raise HTTPException(404, f"Aucun appel {sid} sur ce réseau.")
    return call


def _call_at(carrier: Carrier, address: str) -> Call:
    call = carrier.network.call_at(address)
    if call is None:
        raise HTTPException(409, f"Le téléphone {address} n'est pas en ligne.")
    return call


def _must_be_live(call: Call) -> None:
    if call.is_over:
        raise HTTPException(409, "Cet appel est terminé.")


def _say(carrier: Carrier, call: Call, text: str) -> dict[str, Any]:
    _must_be_live(call)
    if call.answered_at is None:
        raise HTTPException(409, "Personne n'a encore décroché.")
    conferences.speak(carrier, call, text)
    return call_view(carrier.network, call)


def _pick_up(carrier: Carrier, call: Call, *, accept: bool) -> dict[str, Any]:
    answered_before = accept and call.answered_at is not None and not call.is_over
    if not calls.pick_up(call, accept=accept) and not answered_before:
        raise HTTPException(409, "Ce téléphone ne sonne pas.")
    return call_view(carrier.network, call)


def _own(carrier: Carrier, number: str) -> OwnedNumber:
    """The account's number, bought when nobody had it."""
    numbers = carrier.network.numbers
    if number not in numbers:
        numbers[number] = new_number(number, "", settings=carrier.settings, at=carrier.clock.now())
    return numbers[number]

"""A small product that writes down what it is told, and a hold on a carrier that runs."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.carrier.twilio_document import Checked

SID, TOKEN = "AC" + "a1" * 16, "7" * 32
PRACTICE, PATIENT, LANDLINE = "+33388000001", "+33612345678", "+33388112233"
WAITING_ROOM = (
    '<Response><Dial action="/dial-ended"><Conference participantLabel="patient" beep="false" '
    'startConferenceOnEnter="false" endConferenceOnExit="false" waitUrl="/waiting" waitMethod="GET" '
    'statusCallback="/conference" statusCallbackEvent="start end join leave mute hold modify">'
    "room-{CallSid}</Conference></Dial><Say>Personne n'a pu répondre.</Say></Response>"
)


@dataclass
class Product:
    """Answers each path with the document it was given, and keeps every request it gets."""

    documents: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, list[int]] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        validator = RequestValidator(TOKEN)

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def anything(request: Request, path: str) -> Response:
            form = {name: str(value) for name, value in (await request.form()).items()}
            signature = request.headers.get("X-Twilio-Signature", "")
            if not validator.validate(str(request.url), form, signature):
                self.forged.append(str(request.url))
            params = form or dict(request.query_params)
            self.heard.append((path, params, dict(request.headers)))
            if self.refusals.get(path):
                return Response(status_code=self.refusals[path].pop(0))
            document = self.documents.get(path, "<Response/>")
            return Response(document.replace("{CallSid}", params.get("CallSid", "")), media_type="text/xml")

        return app

    def told(self, path: str) -> list[dict[str, str]]:
        return [params for where, params, _ in self.heard if where == path]


@dataclass
class Running:
    base: str
    product: Product
    http: httpx.Client
    twilio: Client
    checked: Checked
    smtp_port: int

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.http.get("/network/mails", params={"to": to}).json()
        return answer

    def place_call(self, from_: str = PATIENT, to: str = PRACTICE) -> str:
        answer = self.http.post("/network/calls", json={"from": from_, "to": to})
        assert answer.status_code == 201, answer.text
        self.advance(0)
        return str(answer.json()["sid"])

    def advance(self, seconds: float) -> None:
        assert self.http.post("/network/clock/advance", json={"seconds": seconds}).status_code == 200

    def call(self, sid: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(f"/network/calls/{sid}").json()
        return answer

    def heard_by(self, sid: str) -> list[tuple[str, str]]:
        return [(line["who"], line["text"]) for line in self.call(sid)["heard"]]


class Rebased(TwilioHttpClient):
    """The real client's requests, sent to the carrier's address."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._base), *args, **kwargs)

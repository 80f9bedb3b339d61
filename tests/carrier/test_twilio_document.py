"""The check itself can fail: a field that is missing, of the wrong type is told."""

import json

import pytest

from tests.carrier.running import PATIENT, SID, Running
from tests.carrier.twilio_document import complaints

MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"
HEADERS = [("Authorization", "Basic eDp5"), ("Content-Type", "application/x-www-form-urlencoded")]
BODY = b"To=%2B33612345678&From=Callcenter&Body=x"


@pytest.fixture
def answer(carrier: Running) -> dict[str, object]:
    sid = carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x").sid
    found = carrier.twilio.messages(sid).fetch()
    assert found.sid == sid
    path = MESSAGES.replace(".json", f"/{sid}.json")
    told: dict[str, object] = carrier.http.get(path, auth=(SID, "7" * 32)).json()
    return told


def test_what_is_missing_or_of_the_wrong_type_is_told(answer: dict[str, object]) -> None:
    def told(body: bytes, /, **changed: object) -> list[str]:
        shown = {name: value for name, value in (answer | changed).items() if value != "LEFT OUT"}
        return complaints("POST", MESSAGES, "", HEADERS, body, 201, json.dumps(shown).encode())

    assert told(BODY) == []
    assert "num_segments" in told(BODY, num_segments="LEFT OUT")[0]
    assert "is not of type" in told(BODY, body=3)[0]
    assert "request" in told(b"To=%2B33612345678&Attempt=many")[0]

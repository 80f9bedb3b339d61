"""What the carrier's numbers do, and what they should."""

from __future__ import annotations

from dataclasses import replace

from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import CarrierNumber, NumberSettings
from callcenter.telephony.provisioning import apply_changes, compare_numbers
from tests.fakes import FakeProvider

VOICE, STATUS = "https://centre.example.org/twilio/voice#rc=2", "https://centre.example.org/twilio/call-status#rc=2"
TILLEULS, ACACIAS, NEW, OTHER = "+33199001234", "+33199001300", "+33199001400", "+33199009999"
STATIC = "https://static.example.net/tilleuls-1.xml"
AS_IT_SHOULD_BE = NumberSettings(VOICE, "POST", STATIC, "GET", STATUS, "POST")
UNTOUCHED = NumberSettings("https://demo.example.com/welcome", "POST", "", "POST", "", "POST")


def owned(*numbers: CarrierNumber) -> FakeProvider:
    provider = FakeProvider()
    provider.owned = {one.sid: one for one in numbers}
    return provider


def test_a_number_bought_yesterday_is_taken_over_and_a_second_look_finds_nothing() -> None:
    provider = owned(
        CarrierNumber("PN1", TILLEULS, UNTOUCHED),
        CarrierNumber("PN2", ACACIAS, AS_IT_SHOULD_BE),
        CarrierNumber("PN9", OTHER, UNTOUCHED),
    )
    ours = {TILLEULS: STATIC, ACACIAS: STATIC, NEW: STATIC}

    found = compare_numbers(ours, provider.numbers(), voice_url=VOICE, status_url=STATUS)
    [change] = found.changes
    assert (change.number, change.taken_from) == (TILLEULS, "demo.example.com")
    assert change.differences == [
        ("voice_url", "https://demo.example.com/welcome", VOICE),
        ("voice_fallback_url", "", STATIC),
        ("voice_fallback_method", "POST", "GET"),
        ("status_callback", "", STATUS),
    ]
    assert (found.unchanged, found.missing) == ((ACACIAS,), (NEW,))
    assert [one.number for one in found.unassigned] == [OTHER]

    assert apply_changes(found.changes, provider.set_number) == {}
    assert provider.owned["PN9"].settings == UNTOUCHED
    again = compare_numbers(ours, provider.numbers(), voice_url=VOICE, status_url=STATUS)
    assert (again.changes, again.unchanged) == ((), (TILLEULS, ACACIAS))


def test_without_a_folder_of_ours_the_fallback_it_has_stays() -> None:
    kept = replace(UNTOUCHED, voice_fallback_url="https://elsewhere.example.net/sorry.xml")
    found = compare_numbers({TILLEULS: ""}, [CarrierNumber("PN1", TILLEULS, kept)], voice_url=VOICE, status_url=STATUS)
    after = found.changes[0].after
    assert (after.voice_fallback_url, after.voice_fallback_method) == (kept.voice_fallback_url, "POST")


def test_a_number_of_this_host_is_not_called_taken_over() -> None:
    here = replace(UNTOUCHED, voice_url="https://centre.example.org/older/voice")
    found = compare_numbers({TILLEULS: ""}, [CarrierNumber("PN1", TILLEULS, here)], voice_url=VOICE, status_url=STATUS)
    assert found.changes[0].taken_from == ""


def test_an_application_at_the_carrier_overrules_the_addresses() -> None:
    number = CarrierNumber("PN1", TILLEULS, AS_IT_SHOULD_BE, answered_by="AP1")
    found = compare_numbers({TILLEULS: STATIC}, [number], voice_url=VOICE, status_url=STATUS)
    assert (found.changes, found.overruled) == ((), (number,))


def test_one_number_refused_does_not_stop_the_others() -> None:
    provider = owned(CarrierNumber("PN1", TILLEULS, UNTOUCHED), CarrierNumber("PN2", ACACIAS, UNTOUCHED))
    found = compare_numbers({TILLEULS: "", ACACIAS: ""}, provider.numbers(), voice_url=VOICE, status_url=STATUS)

    def set_number(sid: str, settings: NumberSettings) -> None:
        if sid == "PN1":
            raise ProviderError("Permission denied", permanent=True, code=20003)
        provider.set_number(sid, settings)

    assert apply_changes(found.changes, set_number) == {TILLEULS: "Permission denied"}
    assert provider.owned["PN2"].settings.voice_url == VOICE

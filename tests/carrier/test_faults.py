"""Faults on demand: what the product hears twice, late or never, and answers that go wrong."""

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from callcenter.carrier.faults import CALLBACK_FAULTS, FaultPlan, draw
from tests.carrier.running import PATIENT, PRACTICE, Running


def wrong(carrier: Running, **plan: object) -> None:
    carrier.http.put("/network/faults", json=plan).raise_for_status()


def test_the_same_seed_gives_the_same_faults() -> None:
    plan = FaultPlan(seed=7, chances={"lose": 0.3, "duplicate": 0.3})
    first = [draw(plan, "call", "report", n, CALLBACK_FAULTS) for n in range(200)]
    assert first == [draw(plan, "call", "report", n, CALLBACK_FAULTS) for n in range(200)]
    assert {"lose", "duplicate", None} == set(first)
    assert first != [draw(FaultPlan(8, plan.chances), "call", "report", n, CALLBACK_FAULTS) for n in range(200)]


def test_conference_reports_come_twice_with_one_token_and_others_once(carrier: Running) -> None:
    wrong(carrier, chances={"duplicate": 1}, only=["conference"])
    sid = carrier.place_call()
    carrier.advance(1)
    carrier.http.post(f"/network/calls/{sid}/hangup")
    carrier.advance(1)
    tokens = [heads["i-twilio-idempotency-token"] for path, _, heads in carrier.product.heard if path == "conference"]
    assert tokens
    assert tokens[::2] == tokens[1::2]
    assert len(set(tokens)) == len(tokens) // 2
    assert len(carrier.product.told("call-ended")) == 1
    assert {one["kind"] for one in carrier.http.get("/network/faults").json()["faults"]} == {"conference"}


def test_a_lost_report_never_comes_and_a_late_one_comes_late(carrier: Running) -> None:
    for chances, soon, later in (({"lose": 1}, 0, 0), ({"delay": 1}, 0, 1)):
        carrier.product.heard.clear()
        wrong(carrier, chances=chances, only=["call"], delay=30)
        sid = carrier.place_call()
        carrier.http.post(f"/network/calls/{sid}/hangup")
        carrier.advance(5)
        assert len(carrier.product.told("call-ended")) == soon
        carrier.advance(30)
        assert len(carrier.product.told("call-ended")) == later


def test_the_api_refuses_for_a_while(carrier: Running) -> None:
    for fault, status, code in (("error", 503, 20503), ("too_many", 429, 20429)):
        wrong(carrier, chances={fault: 1}, only=["Messages"], at_most=1)
        with pytest.raises(TwilioRestException) as refused:
            carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x")
        assert (refused.value.status, refused.value.code) == (status, code)
        carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x")
    assert len(carrier.twilio.messages.list()) == 2


def test_an_answer_cut_off_after_the_thing_was_done(carrier: Running) -> None:
    wrong(carrier, chances={"cut": 1}, only=["Messages"], at_most=1)
    with pytest.raises(OSError):
        carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="Parti.")
    assert [one.body for one in carrier.twilio.messages.list()] == ["Parti."]


def test_a_document_that_does_not_come_in_time_is_asked_of_the_fallback(carrier: Running) -> None:
    number = httpx.URL(f"/network/numbers/{PRACTICE}")
    carrier.http.put(number, json={"label": "Accueil"}).raise_for_status()
    [owned] = carrier.twilio.incoming_phone_numbers.list()
    owned.update(voice_fallback_url="http://product/fallback.xml", voice_fallback_method="GET")
    carrier.product.documents["fallback.xml"] = "<Response><Say>Secours.</Say></Response>"
    wrong(carrier, chances={"timeout": 1}, only=["voice"], at_most=1)
    sid = carrier.place_call()
    carrier.advance(14)
    assert carrier.heard_by(sid) == []
    carrier.advance(2)
    assert [text for _, text in carrier.heard_by(sid)] == ["Secours."]
    assert len(carrier.product.told("voice")) == 1, "the product was asked, and its answer was not heard"


def test_a_report_is_overtaken_by_the_next_one(carrier: Running) -> None:
    told = []
    for plan in ({}, {"chances": {"reorder": 1}, "at_most": 1, "delay": 60}):
        carrier.product.heard.clear()
        wrong(carrier, only=["conference"], **plan)
        sid = carrier.place_call()
        carrier.advance(2)
        carrier.http.post(f"/network/calls/{sid}/hangup")
        carrier.advance(2)
        told.append([one["StatusCallbackEvent"] for one in carrier.product.told("conference")])
    in_order, out_of_order = told
    assert in_order[:2] == ["participant-join", "participant-leave"]
    assert out_of_order[:2] == ["participant-leave", "participant-join"]
    assert sorted(out_of_order) == sorted(in_order)


def test_a_report_whose_answer_is_not_heard_was_heard_by_the_product(carrier: Running) -> None:
    wrong(carrier, chances={"timeout": 1}, only=["conference"])
    carrier.place_call()
    carrier.advance(2)
    assert carrier.product.told("conference")
    assert {one["code"] for one in carrier.http.get("/network/errors").json()} == {11200}


def test_the_api_acts_and_says_otherwise_or_says_so_late(carrier: Running) -> None:
    wrong(carrier, chances={"error_after": 1}, only=["POST Messages"], at_most=1)
    with pytest.raises(TwilioRestException) as refused:
        carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="Parti.")
    assert (refused.value.status, refused.value.code) == (500, 20500)
    assert [one.body for one in carrier.twilio.messages.list()] == ["Parti."]


def test_a_poll_does_not_shift_what_is_aimed_at(carrier: Running) -> None:
    for polls in (0, 5):
        wrong(carrier, seed=3, chances={"error": 0.5}, only=["POST Messages"])
        fates = []
        for _ in range(6):
            for _ in range(polls):
                carrier.twilio.messages.list()
            try:
                carrier.twilio.messages.create(to=PATIENT, from_="Callcenter", body="x")
                fates.append("sent")
            except TwilioRestException:
                fates.append("refused")
        if polls == 0:
            first = fates
    assert fates == first
    assert set(fates) == {"sent", "refused"}


@pytest.mark.parametrize("plan", [{"chances": {"lose": 2}}, {"chances": {"lose": 0.6, "delay": 0.6}}, {"chance": {}}])
def test_a_plan_that_makes_no_sense_is_refused_with_a_sentence(carrier: Running, plan: dict[str, object]) -> None:
    answer = carrier.http.put("/network/faults", json=plan)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("La demande")
    assert carrier.http.get("/network/faults").json()["on"] is False

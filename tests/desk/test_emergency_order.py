"""The emergency lines of a call are tried in order, one at a time, by themselves; in training only fictional ones."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callcenter.core.clock import ManualClock
from callcenter.core.config import load_settings
from callcenter.core.errors import Conflict, Forbidden, ProviderError
from callcenter.core.phone import is_fictional
from callcenter.core.scope import Practices
from callcenter.desk.emergency import note_taken_over, open_relay, ringing_in_vain
from callcenter.desk.emergency_card import EmergencyCard, emergency_card
from callcenter.desk.emergency_dialling import dial_emergency, dial_next_lines
from callcenter.desk.relay_rules import LegFact, line_dialled_by_itself, line_to_dial, may_be_dialled
from callcenter.directory.emergency_order import LineToTry
from callcenter.directory.models import EmergencyLine, Practice, PracticeMode, Site
from callcenter.main import wire_events
from callcenter.telephony.adopting import adopt_leg
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.legs import record_leg_event
from callcenter.telephony.models import Call, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews
from callcenter.telephony.sweeping import dial_forgotten_legs
from callcenter.web.at_once import act_at_once
from callcenter.web.context import World
from tests.desk.conftest import MONDAY_0914, Cast
from tests.fakes import FakeProvider

OWN, SECOND, WHOLE_COUNTRY = "+33261911544", "+33261911545", "+33199000112"
REAL_SAMU, REAL_COUNTRY = "+33240083737", "112"
A, B, C = (LineToTry(number, number) for number in ("1", "2", "3"))
BUSY = LegFact("failed", None)


@pytest.mark.parametrize(
    ("tried", "by_hand", "by_itself"),
    [
        ([], A, None),
        ([("1", "failed", False)], B, B),
        ([("1", "left", False)], B, B),  # hung up before anybody answered
        ([("1", "failed", False), ("2", "failed", False)], C, C),
        ([("1", "failed", False), ("2", "failed", False), ("3", "failed", False)], A, None),
        ([("1", "left", True)], A, None),  # answered and cut: the same again, when she says so
        ([("1", "failed", False), ("2", "left", True)], B, None),
        ([("1", "left", True), ("1", "failed", False)], B, B),
        ([("9", "failed", False)], A, None),  # a number that stands no more in the directory
        ([("1", "ringing", False)], A, None),
    ],
)
def test_which_line_is_next(
    tried: list[tuple[str, str, bool]], by_hand: LineToTry, by_itself: LineToTry | None
) -> None:
    facts = [LegFact(status, MONDAY_0914 if joined else None, number) for number, status, joined in tried]

    assert line_to_dial([A, B, C], facts) == by_hand
    assert line_dialled_by_itself([A, B, C], facts) == by_itself


def test_without_a_line_none_is_next() -> None:
    assert line_to_dial([], []) is None
    assert line_dialled_by_itself([], [BUSY]) is None


class Relay:
    """Camille's relay, with the handlers that act at once and neither jobs nor outbox."""

    def __init__(self, cast: Cast, *, mode: PracticeMode = PracticeMode.TRAINING) -> None:
        self.cast = cast
        self.provider = FakeProvider()
        self.clock = ManualClock(cast.at)
        settings = load_settings(
            secret_key="s" * 32, twilio_account_sid="AC" + "0" * 32, twilio_auth_token="t", jobs=False
        )
        cast.database.bus = wire_events()
        self.world = World(settings, cast.database, self.clock, self.provider)
        act_at_once(self.world)
        with cast.database.unit_of_work(cast.everything) as session:
            practice = session.get_one(Practice, cast.tilleuls)
            practice.emergency_number, practice.emergency_label, practice.mode = OWN, "SAMU 44", mode
            for site in session.scalars(select(Site).where(Site.practice_id == cast.tilleuls)):
                site.postal_code = "44400"
            call = cast.call(session)
            cast.talk(session, call, by=cast.camille)
            self.call = call.id
        with cast.database.unit_of_work(self.hers) as session:
            open_relay(session, self.call, staff_id=cast.camille, at=cast.at)

    @property
    def hers(self) -> Practices:
        return Practices.of(self.cast.tilleuls)

    def keep(self, *lines: tuple[str, str]) -> None:
        """The centre's directory: département and number."""
        with self.cast.database.unit_of_work(self.cast.everything) as session:
            for position, (department, number) in enumerate(lines):
                session.add(
                    EmergencyLine(
                        country="FR", department=department, label=f"line {number}", number=number, position=position
                    )
                )

    def enter(self) -> None:
        """She presses Enter."""
        with self.cast.database.unit_of_work(self.hers) as session:
            leg = dial_emergency(session, self.call, staff_id=self.cast.camille, at=self.clock.now())
        dial_leg(self.cast.database, self.provider, leg.id, self.clock, settings=self.world.settings)

    def hear(self, label: str, *news: LegNews, failure: str = "") -> None:
        """The carrier reports; whatever follows at once is done, too, when this returns."""
        for one in news:
            self.clock.advance(timedelta(seconds=1))
            with self.cast.database.unit_of_work(self.cast.everything) as session:
                leg = session.scalars(select(Leg).where(Leg.call_id == self.call, Leg.label == label)).one()
                record_leg_event(session, leg, one, at=self.clock.now(), failure=failure)
            self.world.urgent.drain()

    @property
    def rung(self) -> list[tuple[str, str]]:
        return [(one["label"], one["to"]) for one in self.provider.dialled]

    def legs(self) -> list[Leg]:
        with self.cast.database.reading(self.cast.everything) as session:
            query = select(Leg).where(Leg.call_id == self.call, Leg.role == LegRole.EMERGENCY).order_by(Leg.id)
            return list(session.scalars(query))

    def card(self) -> EmergencyCard:
        with self.cast.database.reading(self.hers) as session:
            card = emergency_card(session, self.call, staff_id=self.cast.camille, at=self.clock.now())
        assert card is not None
        return card


@pytest.fixture
def relay(cast: Cast) -> Iterator[Relay]:
    made = Relay(cast)
    made.keep(("44", SECOND), ("", WHOLE_COUNTRY))
    yield made
    made.world.urgent.close(timeout=3)


@pytest.mark.parametrize("why", ["busy", "no answer", "cannot be reached"])
def test_nobody_answers_and_the_next_line_is_dialled_behind_the_report(relay: Relay, why: str) -> None:
    relay.enter()
    assert [line.number for line in relay.card().lines if line.is_next] == [SECOND]

    relay.hear("emergency-1", LegNews.FAILED, failure=why)

    assert relay.rung == [("emergency-1", OWN), ("emergency-2", SECOND)]
    card = relay.card()
    assert (card.number, card.label) == (SECOND, f"line {SECOND}")
    assert [(line.number, line.is_on, line.is_next, line.was_tried) for line in card.lines] == [
        (OWN, False, False, True),
        (SECOND, True, False, True),
        (WHOLE_COUNTRY, False, True, False),
    ]
    assert [leg.name for leg in relay.legs()] == ["SAMU 44", f"line {SECOND}"]


def test_a_carrier_that_refuses_a_number_is_a_line_in_vain(relay: Relay) -> None:
    relay.provider.refusing = ProviderError("not allowed", permanent=True, code=21215)
    relay.enter()
    relay.world.urgent.drain()

    # Refused each time: every line was tried, and it is hers to go on.
    assert [leg.label for leg in relay.legs()] == ["emergency-1", "emergency-2", "emergency-3"]
    assert {leg.status for leg in relay.legs()} == {LegStatus.FAILED}
    assert relay.card().may_dial
    assert not relay.card().follows_by_itself


def test_a_line_rings_twenty_seconds_at_most(relay: Relay) -> None:
    relay.enter()

    assert [one["ring_for"] for one in relay.provider.dialled] == [20]


def test_a_line_of_which_nothing_more_is_heard_is_given_up_and_followed(relay: Relay) -> None:
    relay.enter()
    relay.hear("emergency-1", LegNews.RANG)
    for seconds, rung in ((22, 1), (4, 2)):  # its ringing, and what the report may take
        relay.clock.advance(timedelta(seconds=seconds))
        dial_forgotten_legs(relay.cast.database, relay.provider, relay.clock, settings=relay.world.settings)
        relay.world.urgent.drain()
        assert len(relay.rung) == rung

    assert relay.provider.hung_up == [relay.legs()[0].sid]


def test_after_the_last_line_it_is_hers_and_enter_begins_anew(relay: Relay) -> None:
    relay.enter()
    for number in (1, 2, 3):
        relay.hear(f"emergency-{number}", LegNews.FAILED)
    assert len(relay.rung) == 3

    relay.enter()

    assert relay.rung[3:] == [("emergency-4", OWN)]


def test_one_line_at_a_time_whatever_is_heard_twice_and_by_whom(relay: Relay) -> None:
    relay.enter()
    relay.hear("emergency-1", LegNews.FAILED, LegNews.FAILED, LegNews.COMPLETED)
    dial_next_lines(relay.cast.database, relay.provider, relay.clock, settings=relay.world.settings)
    relay.enter()

    assert relay.rung == [("emergency-1", OWN), ("emergency-2", SECOND)]


def test_a_line_written_down_late_and_out_of_order_starts_no_other(cast: Cast, relay: Relay) -> None:
    """Two were rung without the database: the second talks, and the first, busy, is heard of after it."""
    with cast.database.unit_of_work(cast.everything) as session:
        call = session.get_one(Call, relay.call)
        for label, number in (("emergency-2", SECOND), ("emergency-1", OWN)):
            adopt_leg(session, call, label=label, number=number, sid=f"CA{label:0>32}", at=cast.at)
    relay.hear("emergency-2", LegNews.ANSWERED)
    relay.hear("emergency-1", LegNews.FAILED)
    dial_next_lines(cast.database, relay.provider, relay.clock, settings=relay.world.settings)
    relay.enter()

    assert relay.rung == []
    assert (relay.card().state, relay.card().number) == ("answered", SECOND)


def test_the_sweep_finds_a_relay_whose_process_died_behind_the_report(cast: Cast, relay: Relay) -> None:
    relay.enter()
    cast.database.bus = wire_events()  # nobody acts at once any more
    relay.hear("emergency-1", LegNews.FAILED)
    assert len(relay.rung) == 1

    for _tick in range(2):
        dial_next_lines(cast.database, relay.provider, relay.clock, settings=relay.world.settings)

    assert relay.rung == [("emergency-1", OWN), ("emergency-2", SECOND)]


def test_a_line_that_was_cut_is_hers_to_dial_and_comes_first(relay: Relay) -> None:
    relay.enter()
    relay.hear("emergency-1", LegNews.FAILED)
    relay.hear("emergency-2", LegNews.ANSWERED, LegNews.COMPLETED)
    assert len(relay.rung) == 2

    relay.enter()

    assert relay.rung[2:] == [("emergency-3", SECOND)]


def test_once_taken_over_nothing_is_dialled_and_what_rings_is_to_be_hung_up(cast: Cast, relay: Relay) -> None:
    relay.enter()
    with pytest.raises(Conflict), cast.database.unit_of_work(relay.hers) as session:
        note_taken_over(session, relay.call, staff_id=cast.camille, at=relay.clock.now())
    relay.hear("emergency-1", LegNews.FAILED)
    assert relay.card().may_take_over_elsewhere  # the second rings, and she reached them on her own telephone

    with cast.database.unit_of_work(relay.hers) as session:
        note_taken_over(session, relay.call, staff_id=cast.camille, at=relay.clock.now())
        assert ringing_in_vain(session, relay.call) == [relay.legs()[1].id]
    relay.hear("emergency-2", LegNews.FAILED)

    assert len(relay.rung) == 2


def test_in_training_no_real_line_is_ever_dialled_wherever_it_stands(cast: Cast) -> None:
    """The whole list, round after round: only what the regulator keeps for fiction leaves."""
    relay = Relay(cast)
    relay.keep(("44", REAL_SAMU), ("44", SECOND), ("", REAL_COUNTRY), ("", "15"), ("", WHOLE_COUNTRY))
    for attempt in range(1, 8):
        if relay.legs() and relay.legs()[-1].status != LegStatus.FAILED:
            relay.hear(relay.legs()[-1].label, LegNews.FAILED)
        else:
            relay.enter()
        assert len(relay.legs()) >= min(attempt, 2)
    relay.world.urgent.close(timeout=3)

    assert {number for _, number in relay.rung} == {OWN, SECOND, WHOLE_COUNTRY}
    assert all(is_fictional(number) for _, number in relay.rung)


def test_in_service_the_same_list_is_dialled_as_it_stands(cast: Cast) -> None:
    relay = Relay(cast, mode=PracticeMode.LIVE)
    relay.keep(("44", REAL_SAMU), ("", REAL_COUNTRY))
    relay.enter()
    relay.hear("emergency-1", LegNews.FAILED)
    relay.hear("emergency-2", LegNews.FAILED)
    relay.world.urgent.close(timeout=3)

    assert [number for _, number in relay.rung] == [OWN, REAL_SAMU, REAL_COUNTRY]


def test_with_only_real_lines_training_wants_no_leg_and_says_why(cast: Cast) -> None:
    relay = Relay(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        session.get_one(Practice, cast.tilleuls).emergency_number = "15"
    relay.keep(("44", REAL_SAMU), ("", REAL_COUNTRY))

    with pytest.raises(Forbidden):
        relay.enter()

    assert relay.legs() == []
    assert relay.card().lines == []
    assert relay.card().refusal


def test_without_a_number_of_its_own_the_directorys_is_dialled(cast: Cast) -> None:
    relay = Relay(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        session.get_one(Practice, cast.tilleuls).emergency_number = ""
    relay.keep(("44", SECOND))

    relay.enter()

    assert relay.rung == [("emergency-1", SECOND)]
    relay.world.urgent.close(timeout=3)


def test_a_lost_patient_is_rung_back_behind_the_report_that_lost_her(cast: Cast, relay: Relay) -> None:
    relay.enter()
    relay.hear("emergency-1", LegNews.RANG)

    relay.hear("patient", LegNews.HUNG_UP)

    assert relay.rung[1:] == [("patient-2", "+33639981472")]
    relay.hear("patient", LegNews.HUNG_UP)
    assert len(relay.rung) == 2


@pytest.mark.parametrize("mode", ["training", "live", "demo"])
def test_what_may_be_dialled_keeps_its_order(mode: str) -> None:
    lines = [LineToTry(number, "") for number in (REAL_SAMU, OWN, "15", WHOLE_COUNTRY)]

    usable: list[Any] = [line.number for line in may_be_dialled(lines, mode=mode)]

    assert usable == ([line.number for line in lines] if mode == "live" else [OWN, WHOLE_COUNTRY])

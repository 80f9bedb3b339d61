"""The call card: there before she picks up, about this practice alone, and back after every reload."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event, update

from callcenter.core.db import Database
from callcenter.core.scope import Practices
from callcenter.desk.card import CardState
from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import likely_disposition
from callcenter.desk.models import CallNote, Disposition, DispositionCode
from callcenter.directory.models import Forwarding, PracticeLine
from callcenter.instructions.models import Instruction
from callcenter.routing.models import AgentStatus
from callcenter.telephony.models import Leg, LegRole
from tests.desk.conftest import CALLER, Cast


def test_an_offered_call_shows_whom_to_greet_and_who_may_be_calling_before_she_picks_up(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        helene = cast.patient(session, "Hélène", "Vasseur")
        # The same number is known at another practice too: that must not show here.
        cast.patient(session, "Hélène", "Vasseur", practice=cast.kaplan)
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
    with cast.database.reading(Practices.of(cast.tilleuls, cast.kaplan)) as session:
        card = call_card(session, cast.camille, at=cast.at)
    assert card is not None
    assert card.state is CardState.RINGING
    assert card.greeting == "Cabinet des Tilleuls, bonjour, Camille à votre écoute."
    assert (card.practice_name, card.city, card.practitioners) == ("Cabinet des Tilleuls", "Rezé", ["Dr Lemoine"])
    assert [(one.id, one.name, one.age) for one in card.persons] == [(helene.id, "Mme Hélène Vasseur", 68)]
    assert card.patient is None
    assert card.offer_expires_at == cast.at + timedelta(seconds=12)


def test_the_card_says_why_this_call_comes_to_the_centre(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
        session.execute(update(PracticeLine).where(PracticeLine.id == call.line_id).values(forwarding="overflow"))
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        card = call_card(session, cast.camille, at=cast.at)
    assert card is not None
    assert card.forwarding is Forwarding.OVERFLOW


def test_nobody_sees_a_card_of_a_call_that_is_not_hers(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
        cast.set_agent(session, cast.ines, AgentStatus.AVAILABLE)
    with cast.database.reading(Practices.of(cast.tilleuls, cast.kaplan)) as session:
        assert call_card(session, cast.camille, at=cast.at) is not None
        assert call_card(session, cast.ines, at=cast.at) is None


def test_the_card_follows_the_call_from_talking_to_hold_to_wrap_up(cast: Cast) -> None:
    states = []
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
    states.append(_state(cast))
    with cast.database.unit_of_work(cast.everything) as session:
        patient_leg = session.query(Leg).filter_by(call_id=call.id, role=LegRole.PATIENT).one()
        patient_leg.on_hold, patient_leg.held_at = True, cast.at
    states.append(_state(cast))
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.merge(call), by=cast.camille)
    states.append(_state(cast))
    assert states == [CardState.TALKING, CardState.HOLD, CardState.WRAP_UP]


def test_the_last_three_calls_of_this_number_at_this_practice(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        for days in (1, 2, 3, 4):
            old = cast.call(session, received=cast.at - timedelta(days=days))
            session.add_all(
                [
                    CallNote(call_id=old.id, practice_id=old.practice_id, words=f"il y a {days} j", written_at=cast.at),
                    Disposition(
                        call_id=old.id,
                        practice_id=old.practice_id,
                        staff_id=cast.ines,
                        code=DispositionCode.MESSAGE,
                        chosen_at=cast.at,
                    ),
                ]
            )
        cast.call(session, number="+33639980000", received=cast.at - timedelta(hours=1))
        cast.call(session, line=cast.kaplan_line, received=cast.at - timedelta(hours=1))
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
    with cast.database.reading(Practices.of(cast.tilleuls, cast.kaplan)) as session:
        card = call_card(session, cast.camille, at=cast.at)
    assert card is not None
    assert [one.words for one in card.past_calls] == ["il y a 1 j", "il y a 2 j", "il y a 3 j"]
    assert {one.code for one in card.past_calls} == {DispositionCode.MESSAGE}


def test_a_withheld_number_has_neither_persons_nor_a_history(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        cast.patient(session, "Nina", "Sans-Numéro", number=None)
        cast.call(session, number=None, received=cast.at - timedelta(days=1))
        call = cast.call(session, number=None)
        cast.offer(session, call, to=cast.camille)
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        card = call_card(session, cast.camille, at=cast.at)
    assert card is not None
    assert (card.persons, card.past_calls) == ([], [])


def test_an_instruction_written_after_her_last_call_for_the_practice_is_new(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        earlier = cast.call(session, received=cast.at - timedelta(hours=3))
        cast.talk(session, earlier, by=cast.camille)
        for text, hours in (("Toujours en avance", 30 * 24), ("Retard de 25 minutes", -1)):
            session.add(
                Instruction(
                    practice_id=cast.tilleuls, text=text, written_at=cast.at - timedelta(hours=hours), position=hours
                )
            )
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        card = call_card(session, cast.camille, at=cast.at + timedelta(hours=2))
    assert card is not None
    assert [(one.text, one.is_new) for one in card.instructions] == [
        ("Retard de 25 minutes", True),
        ("Toujours en avance", False),
    ]


def test_three_persons_cost_as_many_queries_as_one(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        cast.patient(session, "Hélène", "Vasseur")
        call = cast.call(session)
        cast.offer(session, call, to=cast.camille)
    with _counting(cast.database) as one:
        _card_persons(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.patient(session, "Lucien", "Vasseur")
        cast.patient(session, "Inès", "Vasseur")
        for days in (1, 2):
            cast.call(session, received=cast.at - timedelta(days=days))
        session.add(Instruction(practice_id=cast.tilleuls, text="Une de plus", written_at=cast.at, position=9))
    with _counting(cast.database) as three:
        assert _card_persons(cast) == 3
    assert len(three) == len(one)


def test_a_relay_outweighs_a_booking_when_the_disposition_is_guessed() -> None:
    guesses = [
        likely_disposition(
            relayed="relayed" in done,
            booked="booked" in done,
            cancelled="cancelled" in done,
            messaged="messaged" in done,
            put_through="put through" in done,
            abused="abused" in done,
        )
        for done in [
            {"relayed", "booked", "put through", "abused"},
            {"booked", "messaged", "put through", "abused"},
            {"booked", "cancelled"},
            {"cancelled", "abused"},
            {"messaged", "put through", "abused"},
            {"put through", "abused"},
            {"abused"},
            set(),
        ]
    ]
    assert guesses == [
        DispositionCode.URGENT_RELAYED,
        DispositionCode.BOOKED,
        DispositionCode.MOVED,
        DispositionCode.CANCELLED,
        DispositionCode.MESSAGE,
        DispositionCode.PUT_THROUGH,
        DispositionCode.NONE,
        None,
    ]


def _state(cast: Cast) -> CardState | None:
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        card = call_card(session, cast.camille, at=cast.at)
        return card.state if card else None


def _card_persons(cast: Cast) -> int:
    with cast.database.reading(Practices.of(cast.tilleuls)) as session:
        card = call_card(session, cast.camille, at=cast.at)
        assert card is not None
        assert card.from_number == CALLER
        return len(card.persons)


@contextmanager
def _counting(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)

"""Who reads, takes or finishes a message, and who may not."""

from __future__ import annotations

import threading

import pytest

from callcenter.core.errors import Conflict, Forbidden, NotFound, Problem
from callcenter.core.scope import Practices
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import AcknowledgementKind, Channel, MayAnswer, MessageStatus, NoticeStatus
from callcenter.dispatch.writing import withdraw_message
from tests.agenda.cast import tilleuls
from tests.dispatch.cast import Centre

READ, TAKEN, DONE = AcknowledgementKind


def say(
    centre: Centre, message_id: int, kind: AcknowledgementKind, who: int | None, *, staff_id: int | None = None
) -> bool:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        by = Reader(Channel.APP, practitioner_id=who, staff_id=staff_id)
        return acknowledge(session, message_id, kind, by=by, at=centre.clock.now())


def test_read_is_not_taken_and_the_ladder_goes_on(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick()
    assert say(centre, message_id, READ, centre.lemoine_id)
    assert centre.message(message_id).status == MessageStatus.READ
    assert centre.tick(2) == 1


def test_each_is_kept_once_and_none_takes_back(centre: Centre) -> None:
    message_id = centre.write()
    assert say(centre, message_id, DONE, centre.lemoine_id)
    assert not say(centre, message_id, DONE, centre.lemoine_id)
    assert say(centre, message_id, READ, centre.lemoine_id)
    assert centre.message(message_id).status == MessageStatus.DONE


def test_a_colleague_may_take_it_where_the_operator_said_so(centre: Centre) -> None:
    assert say(centre, centre.write(), TAKEN, centre.marchand_id)
    own = centre.write("m2", may_answer=MayAnswer.ADDRESSEE)
    with pytest.raises(Forbidden):
        say(centre, own, TAKEN, centre.marchand_id)


def test_whom_the_ladder_brought_in_may_take_it(centre: Centre) -> None:
    message_id = centre.urgent(may_answer=MayAnswer.ADDRESSEE)
    with pytest.raises(Forbidden):
        say(centre, message_id, TAKEN, centre.marchand_id)
    centre.tick(15)
    assert say(centre, message_id, TAKEN, centre.marchand_id)


def test_who_comes_second_reads_who_has_it(centre: Centre) -> None:
    message_id = centre.write()
    say(centre, message_id, TAKEN, centre.lemoine_id)
    with pytest.raises(Conflict, match="Dr Lemoine has taken this message already"):
        say(centre, message_id, TAKEN, centre.marchand_id)
    # By another way the same person is no other.
    assert not say(centre, message_id, TAKEN, centre.lemoine_id, staff_id=centre.doctor_account_id)


def test_of_two_at_once_one_has_it(centre: Centre) -> None:
    message_id = centre.urgent()
    centre.tick(15)  # two telephones ring
    ended: list[object] = []

    def take(who: int) -> None:
        try:
            ended.append(say(centre, message_id, TAKEN, who))
        except Problem as refused:
            ended.append(type(refused))

    threads = [threading.Thread(target=take, args=(who,)) for who in (centre.lemoine_id, centre.marchand_id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == sorted([str(True), str(Conflict)])


def test_what_was_taken_back_is_nobodys(centre: Centre) -> None:
    message_id = centre.urgent()
    for _ in range(2):
        with centre.database.unit_of_work(centre.cast.scope) as session:
            withdraw_message(session, message_id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    assert {one.status for one in centre.notices(message_id)} == {NoticeStatus.CANCELED}
    assert centre.tick(60) == 0
    with pytest.raises(Conflict):
        say(centre, message_id, TAKEN, centre.lemoine_id)


def test_what_somebody_has_is_not_taken_back(centre: Centre) -> None:
    message_id = centre.write()
    say(centre, message_id, TAKEN, centre.lemoine_id)
    with pytest.raises(Conflict), centre.database.unit_of_work(centre.cast.scope) as session:
        withdraw_message(session, message_id, staff_id=centre.cast.camille_id, at=centre.clock.now())


def test_another_practice_finds_no_such_message(centre: Centre) -> None:
    message_id = centre.write()
    other = tilleuls(centre.database, code="autre")
    scope = Practices.of(other.practice_id)
    with pytest.raises(NotFound), centre.database.unit_of_work(scope) as session:
        acknowledge(session, message_id, READ, by=Reader(Channel.APP), at=centre.clock.now())

"""Where a message stands: forward only, whatever order its news comes in."""

import pytest

from callcenter.dispatch.rules.message_state import OPEN, UNTAKEN, MessageStatus, may_become


def test_a_receipt_that_comes_after_the_doctor_has_read_takes_nothing_back() -> None:
    assert not may_become(MessageStatus.READ, MessageStatus.DELIVERED)


def test_steps_may_be_skipped() -> None:
    assert may_become(MessageStatus.WRITTEN, MessageStatus.TAKEN), "she read it on the page before the text had left"


@pytest.mark.parametrize("settled", [MessageStatus.DONE, MessageStatus.WITHDRAWN])
def test_nothing_moves_what_is_settled(settled: MessageStatus) -> None:
    assert not [one for one in MessageStatus if may_become(settled, one)]


def test_an_open_message_may_be_withdrawn() -> None:
    assert all(may_become(one, MessageStatus.WITHDRAWN) for one in OPEN)


def test_what_is_taken_is_open_and_climbs_no_further() -> None:
    assert set(OPEN) - set(UNTAKEN) == {MessageStatus.TAKEN}

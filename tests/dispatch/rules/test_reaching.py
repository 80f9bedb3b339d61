"""By what a practitioner is told."""

from dataclasses import replace

import pytest

from callcenter.dispatch.rules.ladder import Channel, Target
from callcenter.dispatch.rules.message_state import Urgency
from callcenter.dispatch.rules.reaching import Addresses, way_to

MOBILE, SECOND, MAIL = "+33639980040", "+33639980041", "l@example.org"
EVERYTHING = {"mobile": MOBILE, "second_number": SECOND, "email": MAIL}
OWN, APP, SMS, EMAIL, PHONE = Channel.OWN, Channel.APP, Channel.SMS, Channel.EMAIL, Channel.PHONE


@pytest.mark.parametrize(
    ("chosen", "target", "channel", "urgency", "expected"),
    [
        (APP, Target.ADDRESSEE, OWN, Urgency.ROUTINE, (APP, "")),
        (EMAIL, Target.ADDRESSEE, OWN, Urgency.TODAY, (EMAIL, MAIL)),
        (PHONE, Target.ADDRESSEE, OWN, Urgency.ROUTINE, (PHONE, MOBILE)),
        # Nobody looks at a page, or into a mailbox, every two minutes.
        (APP, Target.ADDRESSEE, OWN, Urgency.URGENT, (SMS, MOBILE)),
        (EMAIL, Target.ADDRESSEE, OWN, Urgency.URGENT, (SMS, MOBILE)),
        (PHONE, Target.ADDRESSEE, OWN, Urgency.URGENT, (PHONE, MOBILE)),
        (APP, Target.SECOND, PHONE, Urgency.URGENT, (PHONE, SECOND)),
        (SMS, Target.ALTERNATE, PHONE, Urgency.URGENT, (PHONE, MOBILE)),
        (SMS, Target.ADDRESSEE, EMAIL, Urgency.URGENT, (EMAIL, MAIL)),
    ],
)
def test_as_it_was_chosen(
    chosen: Channel, target: Target, channel: Channel, urgency: Urgency, expected: tuple[Channel, str]
) -> None:
    assert way_to(Addresses(channel=chosen, **EVERYTHING), target, channel, urgency) == expected


def test_no_text_goes_to_a_landline_which_is_rung_for_what_is_urgent() -> None:
    landline = Addresses(channel=SMS, mobile="+33199000040", takes_texts=False)
    assert way_to(landline, Target.ADDRESSEE, OWN, Urgency.ROUTINE) == (APP, "")
    assert way_to(landline, Target.ADDRESSEE, SMS, Urgency.URGENT) == (PHONE, "+33199000040")
    assert way_to(replace(landline, channel=APP), Target.ADDRESSEE, OWN, Urgency.URGENT) == (PHONE, "+33199000040")
    assert way_to(replace(landline, has_account=False), Target.ADDRESSEE, OWN, Urgency.TODAY) == (PHONE, "+33199000040")


@pytest.mark.parametrize("chosen", [APP, SMS, EMAIL])
def test_without_the_address_there_is_still_the_page(chosen: Channel) -> None:
    for urgency in Urgency:
        assert way_to(Addresses(channel=chosen), Target.ADDRESSEE, OWN, urgency) == (APP, "")


def test_a_telephone_without_a_number_and_a_page_without_an_account_reach_nobody() -> None:
    assert way_to(Addresses(channel=PHONE), Target.ADDRESSEE, OWN, Urgency.URGENT) is None
    assert way_to(Addresses(has_account=False), Target.ADDRESSEE, OWN, Urgency.ROUTINE) is None
    assert way_to(Addresses(mobile=MOBILE), Target.SECOND, PHONE, Urgency.URGENT) is None

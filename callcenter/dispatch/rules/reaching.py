"""By what a practitioner is told, decided from what was set. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from callcenter.dispatch.rules.ladder import Channel, Target
from callcenter.dispatch.rules.message_state import Urgency


class Lack(StrEnum):
    """Why a step of a ladder tells nobody."""

    NOBODY_ON_CALL = "nobody_on_call"
    NO_ALTERNATE = "no_alternate"
    NO_SECOND_NUMBER = "no_second_number"
    NO_NUMBER = "no_number"
    NO_WAY = "no_way"  # neither an address nor an account
    NO_LINE = "no_line"  # the practice has none in whose name a telephone could be rung


@dataclass(frozen=True, slots=True)
class Addresses:
    """How one practitioner can be reached. Numbers are E.164; empty: there is none."""

    channel: Channel = Channel.APP  # as the practitioner chose
    mobile: str = ""
    takes_texts: bool = True  # whether that number does: a landline does not
    second_number: str = ""
    email: str = ""
    has_account: bool = True  # signs in, and so sees the messages page


def way_to(addresses: Addresses, target: Target, channel: Channel, urgency: Urgency) -> tuple[Channel, str] | None:
    """The channel and the address of one notice; None: there is no such way.

    A page that perhaps nobody looks at, and a mailbox, tell nobody of what is urgent: where a mobile is known, a text
    goes there, and a landline is rung. No text goes to a landline, which never gets it.
    """
    if target is Target.SECOND:
        return (Channel.PHONE, addresses.second_number) if addresses.second_number else None
    wanted = addresses.channel if channel is Channel.OWN else channel
    if channel is Channel.OWN and urgency is Urgency.URGENT and wanted in {Channel.APP, Channel.EMAIL}:
        wanted = Channel.SMS if addresses.mobile else wanted
    if wanted is Channel.SMS and addresses.mobile and not addresses.takes_texts:
        is_for_the_page = urgency is not Urgency.URGENT and addresses.has_account
        wanted = Channel.APP if is_for_the_page else Channel.PHONE
    return _addressed(addresses, wanted)


def lack_of(addresses: Addresses, target: Target, channel: Channel) -> Lack:
    """What is missing where ``way_to`` finds no way."""
    if target is Target.SECOND:
        return Lack.NO_SECOND_NUMBER
    wanted = addresses.channel if channel is Channel.OWN else channel
    return Lack.NO_NUMBER if wanted is Channel.PHONE else Lack.NO_WAY


def _addressed(addresses: Addresses, wanted: Channel) -> tuple[Channel, str] | None:
    if wanted is Channel.EMAIL and addresses.email:
        return Channel.EMAIL, addresses.email
    if wanted in {Channel.SMS, Channel.PHONE} and addresses.mobile:
        return wanted, addresses.mobile
    # Without the address of the chosen way there is still the page.
    if wanted is not Channel.PHONE and addresses.has_account:
        return Channel.APP, ""
    return None

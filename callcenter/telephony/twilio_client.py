"""Twilio's own library at whatever address the settings name, and its failures in our words."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from callcenter.core.config import Settings
from callcenter.core.errors import ProviderError

if TYPE_CHECKING:
    from twilio.rest import Client

NOT_FOUND = 20404
_NOT_IN_PROGRESS = 21220
_HOME = "https://api.twilio.com"

T = TypeVar("T")


def open_client(owner: object, settings: Settings, *, timeout: float) -> "Client":
    """Twilio's library, at the address of the settings; its connections are closed with ``owner``."""
    # Imported where used: the library costs half a second of every command's start.
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    base_url = settings.twilio_base_url

    class _Elsewhere(TwilioHttpClient):  # type: ignore[misc, unused-ignore]  # the library's class is untyped
        """Sends the library's requests to the address of the settings."""

        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(method, url.replace(_HOME, base_url, 1), *args, **kwargs)

    sender = _Elsewhere(timeout=timeout)
    if sender.session is not None:
        weakref.finalize(owner, sender.session.close)  # the library never closes its connections
    return Client(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        http_client=sender,
    )


def unless_gone(act: Callable[[], T]) -> T | None:
    """Do it, unless what it is done to is gone already."""
    from twilio.base.exceptions import TwilioRestException

    try:
        return act()
    except TwilioRestException as refused:
        if refused.code in {NOT_FOUND, _NOT_IN_PROGRESS} or refused.status == 404:
            return None
        raise


@contextmanager
def told() -> Iterator[None]:
    """Turn the library's failures into ours: can trying again help, and may it have acted all the same?"""
    from requests.exceptions import ConnectionError as NotConnected
    from requests.exceptions import ConnectTimeout, RequestException
    from twilio.base.exceptions import TwilioException, TwilioRestException
    from urllib3.exceptions import NewConnectionError

    try:
        yield
    except TwilioRestException as refused:
        is_final = 400 <= refused.status < 500 and refused.status != 429
        may_have_acted = refused.status >= 500 and refused.status != 503
        raise ProviderError(
            str(refused.msg), permanent=is_final, unknown=may_have_acted, code=refused.code or None
        ) from None
    except ConnectTimeout:
        raise ProviderError("the carrier cannot be reached", permanent=False) from None
    except NotConnected as broken:
        reason = getattr(broken.args[0] if broken.args else None, "reason", None)
        never_sent = isinstance(reason, NewConnectionError)
        raise ProviderError("the carrier cannot be reached", permanent=False, unknown=not never_sent) from None
    except RequestException as lost:
        raise ProviderError(f"no answer ({type(lost).__name__})", permanent=False, unknown=True) from None
    except TwilioException as odd:
        raise ProviderError(f"an answer that cannot be read ({odd})"[:200], permanent=False, unknown=True) from None

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
    from twilio.base.exceptions import TwilioException, TwilioRestException

    try:
        return act()
    except TwilioException as refused:
        if isinstance(refused, TwilioRestException) and refused.code in {NOT_FOUND, _NOT_IN_PROGRESS}:
            return None
        if _status_of(refused) == 404:
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
        raise _refusal(str(refused.msg), refused.status, refused.code or None) from None
    except ConnectTimeout:
        raise ProviderError("the carrier cannot be reached", permanent=False) from None
    except NotConnected as broken:
        reason = getattr(broken.args[0] if broken.args else None, "reason", None)
        never_sent = isinstance(reason, NewConnectionError)
        raise ProviderError("the carrier cannot be reached", permanent=False, unknown=not never_sent) from None
    except RequestException as lost:
        raise ProviderError(f"no answer ({type(lost).__name__})", permanent=False, unknown=True) from None
    except TwilioException as odd:
        status = _status_of(odd)
        if status is not None:
            raise _refusal(f"no list (HTTP {status})", status) from None
        raise ProviderError(f"an answer that cannot be read ({odd})"[:200], permanent=False, unknown=True) from None


def _refusal(reason: str, status: int, code: int | None = None) -> ProviderError:
    is_final = 400 <= status < 500 and status != 429
    may_have_acted = status >= 500 and status != 503
    return ProviderError(reason, permanent=is_final, unknown=may_have_acted, code=code)


def _status_of(error: Exception) -> int | None:
    """The HTTP status of a refusal; None for any other failure.

    The library raises no refusal for a list, but a plain error with the answer as its second argument.
    """
    status = getattr(error, "status", None) or getattr(error.args[-1] if error.args else None, "status_code", None)
    return status if isinstance(status, int) and status != 200 else None

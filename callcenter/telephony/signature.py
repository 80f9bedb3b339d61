"""Whether a webhook comes from the carrier."""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator


class _Form(dict[str, Sequence[str]]):
    """Form parameters in the shape the library asks repeated ones from."""

    def getall(self, name: str) -> Sequence[str]:
        """Every value of one parameter."""
        return self[name]


def is_signed(url: str, params: Mapping[str, Sequence[str]], signature: str | None, *, tokens: Sequence[str]) -> bool:
    """Whether ``signature`` covers this URL and all these form parameters under one of the tokens.

    ``url`` is the public address, built from the settings: the request's own headers say what a forger wants.
    """
    if not signature:  # the library fails on a missing header
        return False
    return any(RequestValidator(token).validate(url, _Form(params), signature) for token in tokens)

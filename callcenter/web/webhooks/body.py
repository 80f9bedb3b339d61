"""The body of a webhook, read no further than a webhook is long. The framework reads bodies asynchronously only."""

from fastapi import HTTPException, Request

LIMIT = 64 * 1024  # bytes; the carrier's longest are some 4 kB


async def read_body(request: Request) -> bytes:
    """The raw body. Raises 413 beyond the limit, whatever length was announced."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            raise HTTPException(413)
    return bytes(body)

"""The carrier as a web application."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles

from callcenter.carrier import faulting, pages, phones
from callcenter.carrier.callbacks import Callbacks
from callcenter.carrier.carrier import Carrier
from callcenter.carrier.clock import Clock, RealClock
from callcenter.carrier.mail import MailServer
from callcenter.carrier.network import Network
from callcenter.carrier.numbers import new_number
from callcenter.carrier.rest import calls, conferences, messages, numbers, recordings
from callcenter.carrier.rest.shapes import ApiError, api_error_answer
from callcenter.carrier.sdk import create_sdk
from callcenter.carrier.settings import CarrierSettings

_HERE = Path(__file__).parent


def create_carrier(
    settings: CarrierSettings,
    clock: Clock | None = None,
    *,
    client: httpx.AsyncClient | None = None,
    smtp: socket.socket | None = None,
) -> FastAPI:
    """A carrier on its own.

    `client` sends its requests to the product (one of its own by default); on `smtp`, a bound socket, it takes e-mail.
    """
    network = Network()
    time = clock or RealClock()
    for number, label in settings.known_numbers:
        network.numbers[number] = new_number(number, label, settings=settings, at=time.now())
    outbound = client or httpx.AsyncClient(limits=httpx.Limits(max_connections=200, max_keepalive_connections=50))
    callbacks = Callbacks(
        account_sid=settings.account_sid, auth_token=settings.auth_token, clock=time, network=network, client=outbound
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        mails = MailServer(app.state.carrier, smtp) if smtp is not None else None
        if mails is not None:
            await mails.start()
        yield
        if mails is not None:
            await mails.close()
        network.close()
        tasks = [call.task for call in network.live_calls.values() if call.task is not None]
        for task in tasks:
            task.cancel()
        # Awaited, so that one that fails while it is stopped leaves no trace on the terminal.
        await asyncio.gather(*tasks, return_exceptions=True)
        await callbacks.close()
        if client is None:
            await outbound.aclose()

    app = FastAPI(title="Carrier", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.carrier = Carrier(settings, time, network, callbacks)
    app.add_middleware(faulting.Faulty, carrier=app.state.carrier)
    app.add_exception_handler(ApiError, api_error_answer)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _sentence)
    app.add_exception_handler(404, _nothing_here)
    for router in (
        calls.router,
        conferences.router,
        messages.router,
        recordings.router,
        numbers.router,
        faulting.router,
        phones.router,
        pages.router,
    ):
        app.include_router(router)
    app.mount("/sdk", create_sdk(app.state.carrier))
    # The house's letters, from where they lie: the headset stands inside the desk and must not look like another one.
    app.mount("/static/fonts", StaticFiles(directory=_HERE.parent / "web" / "static" / "fonts"), name="fonts")
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    for _route in iter_route_contexts(app.routes):
        pass  # prepared now: left alone, FastAPI does it while the first caller waits
    return app


async def _sentence(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    why = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors())
    return JSONResponse({"error": f"La demande est incomplète ({why})."}, status_code=422)


async def _nothing_here(request: Request, error: Exception) -> JSONResponse:
    if request.url.path.startswith("/2010-04-01"):
        message = f"The requested resource {request.url.path} was not found"
        return await api_error_answer(request, ApiError(404, 20404, message))
    detail = getattr(error, "detail", "")
    found_nothing = detail if detail and detail != "Not Found" else "Il n'y a rien à cette adresse."
    return JSONResponse({"error": found_nothing}, status_code=404)

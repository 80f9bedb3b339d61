"""`callcenter carrier`: runs the carrier as a process of its own."""

import os
import socket
from datetime import timedelta
from typing import Annotated

import typer
import uvicorn

from callcenter.carrier.app import create_carrier
from callcenter.carrier.clock import RealClock
from callcenter.carrier.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, CarrierSettings


class _Server(uvicorn.Server):
    """Ends the open streams first: uvicorn waits for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if not isinstance(app, str) and hasattr(app, "state"):
            app.state.carrier.network.close()
        await super().shutdown(sockets)


def carrier(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8100,
    smtp_port: Annotated[
        int | None, typer.Option(help="Port on which this machine's programs hand over e-mail; none: nowhere.")
    ] = None,
    voice_url: Annotated[str, typer.Option(help="Where incoming calls are posted.")] = (
        "http://127.0.0.1:8000/twilio/voice"
    ),
    voice_status_url: Annotated[str, typer.Option(help="Where the end of incoming calls is posted.")] = "",
    account_sid: Annotated[str, typer.Option(envvar="CALLCENTER_TWILIO_ACCOUNT_SID")] = DEFAULT_ACCOUNT_SID,
    auth_token: Annotated[
        str, typer.Option(envvar="CALLCENTER_TWILIO_AUTH_TOKEN", show_default=False)
    ] = DEFAULT_AUTH_TOKEN,
    api_key_sid: Annotated[str, typer.Option(envvar="CALLCENTER_TWILIO_API_KEY_SID")] = "",
    api_key_secret: Annotated[str, typer.Option(envvar="CALLCENTER_TWILIO_API_KEY_SECRET", show_default=False)] = "",
    speed: Annotated[float, typer.Option(min=0.01, help="How much faster than real time its clock runs.")] = 1.0,
    clock_offset_seconds: Annotated[
        float,
        typer.Option(envvar="CALLCENTER_CLOCK_OFFSET_SECONDS", help="How far its clock stands from the machine's."),
    ] = 0.0,
    voice_fallback_url: Annotated[str, typer.Option(help="Asked when the voice URL gives no document.")] = "",
) -> None:
    """Run the stand-in for Twilio: calls, conferences, SMS, e-mail and a page of telephones."""
    bound = listen(host, port)
    # Whoever reaches a mail server may leave there what he likes: on the loopback only.
    smtp = None if smtp_port is None else listen("127.0.0.1", smtp_port, option="--smtp-port")
    settings = CarrierSettings(
        account_sid=account_sid,
        auth_token=auth_token,
        api_key_sid=api_key_sid,
        api_key_secret=api_key_secret,
        voice_url=voice_url,
        voice_fallback_url=voice_fallback_url,
        voice_status_url=voice_status_url,
    )
    # Its stamps must be in the product's time: a lookup by date would otherwise miss what was just sent.
    app = create_carrier(settings, RealClock(speed, offset=timedelta(seconds=clock_offset_seconds)), smtp=smtp)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    typer.echo(f"Carrier: http://{host}:{bound.getsockname()[1]}/ (telephones), incoming calls to {voice_url}")
    if smtp is not None:
        typer.echo(f"E-mail: smtp://127.0.0.1:{smtp.getsockname()[1]}, shown at /mails")
    _Server(config).run(sockets=[bound])


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A bound socket, or a sentence that names the option and exit status 1 when the port cannot be had."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        typer.echo(
            f"The carrier cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}). "
            f"Stop what uses that port, or choose another with {option}.",
            err=True,
        )
        raise typer.Exit(1) from error
    return bound

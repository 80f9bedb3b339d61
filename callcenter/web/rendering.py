"""Templates become answers: whole pages, or one region of one."""

from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup

from callcenter.core import i18n
from callcenter.core.phone import format_number
from callcenter.web.fragments import KeptPiece, column_key, page_key
from callcenter.web.keys import cap, function_keys, help_of, key
from callcenter.web.static_files import static_address

_HERE = Path(__file__).parent


def open_templates() -> Environment:
    """The template environment: everything escaped, every undefined name a fault."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        auto_reload=False,  # looking at each file's date for each region cost more than rendering it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", KeptPiece],
    )
    # newstyle: `_("Hello %(name)s", name=name)` escapes the name, not the message.
    templates.install_gettext_callables(i18n.lookup, i18n.lookup_plural, newstyle=True)  # type: ignore[attr-defined]
    templates.globals |= {"icon": icon, "static": static_address, "i18n": i18n}
    templates.globals |= {"key": key, "cap": cap, "keys_help": help_of, "function_keys": function_keys()}
    templates.globals |= {"page_key": page_key, "column_key": column_key}
    templates.filters |= {"phone": format_number, "whole_phone": whole_number, "epoch": epoch}
    return templates


def page(
    request: Request,
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Render a template, or only its block; ``me`` defaults to whoever is signed in."""
    templates: Environment = request.app.state.templates
    me = context.setdefault("me", getattr(request.state, "me", None))
    if me is not None and me.language:
        i18n.set_language(me.language)  # her account's choice, also in a browser that was never told
    world = request.app.state.world
    context |= {
        "request": request,
        "now": world.clock.now(),
        "clock_is_shifted": world.clock.is_shifted,
        "language": i18n.current_language(),
        "settings": world.settings,
    }
    if block is None:
        html = templates.get_template(template).render(context)
    else:
        html = render_block(templates, template, block, context)
    return HTMLResponse(html, status_code=status, headers=headers)


def redirect(request: Request, url: str, *, headers: dict[str, str] | None = None) -> Response:
    """Go to another page: 303, or told to htmx so that the whole page changes."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": url, **(headers or {})})
    return RedirectResponse(url, status_code=303, headers=headers)


def is_htmx(request: Request) -> bool:
    """Whether htmx asks (and swaps a region) rather than the browser itself."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def icon(name: str, label: str | None = None) -> Markup:
    """An icon of the sprite; without a label it is decoration beside a word."""
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="ic" {}><use href="{}#{}"></use></svg>').format(
        meaning, static_address("icons.svg"), name
    )


def epoch(instant: datetime) -> int:
    """Seconds since 1970, for the timers in the browser."""
    return int(instant.timestamp())


def whole_number(number: str | None, *, country: str = "FR") -> Markup:
    """A telephone number within a sentence: it never breaks over two lines, and is copied with ordinary spaces."""
    return Markup('<span class="nowrap">{}</span>').format(format_number(number, country=country))

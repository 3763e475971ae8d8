"""Makes pages of templates, with what all of them have: a header, a language, a form's token."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from packager import __version__
from packager.console.guard import PREFIX
from packager.console.source import Console
from packager.dataclass import dataclass
from packager.errors import PackagerError
from packager.formatting import byte_size, counted
from packager.settings.language import FALLBACK, text_in

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Pages:
    """The templates, filled for one console."""

    environment: Environment
    console: Console

    def html(self, request: Request, template: str, **values: Any) -> str:
        """Return a page, or a part of one."""
        return self.environment.get_template(template).render(
            console=self.console,
            prefix=PREFIX,
            language=language_of(request.headers.get("accept-language", "")),
            path=request.url.path,
            done=request.query_params.get("done", ""),
            notes=request.query_params.get("note", "").split(","),
            **values,
        )

    def page(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page as an answer."""
        # What functions and clients wrote may hold halves of characters.
        text = self.html(request, template, **values).encode("utf-8", "replace")
        return HTMLResponse(text, status)

    def failure(self, request: Request, error: PackagerError, status: int = 502) -> HTMLResponse:
        """Return the page that says what could not be done."""
        return self.page(request, "failure.html", status, error=error)

    def missing(self, request: Request, what: str) -> HTMLResponse:
        """Return the page for what is not there, or no longer."""
        return self.page(request, "missing.html", 404, what=what)


def make_pages(console: Console) -> Pages:
    """Return the pages of a console."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"version": __version__, "counted": counted}
    environment.filters |= {
        "bytes": byte_size,
        "ms": milliseconds,
        "text_in": text_in,
        "clock": lambda moment: moment.astimezone().strftime("%H:%M:%S"),
        "day_clock": lambda moment: moment.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "iso": lambda moment: moment.isoformat(timespec="milliseconds"),
        "day": day,
        "pretty": pretty,
        "tone": tone,
        "sentence": sentence,
    }
    return Pages(environment, console)


def pages_of(request: Request) -> Pages:
    """Return the pages of the console that a request came to."""
    pages: Pages = request.app.state.pages
    return pages


def see(path: str, **query: str) -> Response:
    """Return the answer to a form that did what it should: another page."""
    tail = "?" + urlencode(query) if query else ""
    return RedirectResponse(f"{PREFIX}{path}{tail}", 303)


async def away(function: Any, *arguments: Any) -> Any:
    """Return what a function returns that waits for disks or networks, without waiting here."""
    return await run_in_threadpool(function, *arguments)


def language_of(accepted: str) -> str:
    """Return the language that a browser likes best, as plugins name languages: `zh_Hans`."""
    best, name = 0.0, FALLBACK
    for part in accepted.split(",")[:20]:
        tag, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if tag and tag != "*" and quality > best:
            best, name = quality, tag.replace("-", "_")
    return name


def milliseconds(value: float | None) -> str:
    """Return `3.4 ms`, `1.2 s`; "" for none."""
    if value is None:
        return ""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def day(text: str) -> str:
    """Return when something was, as people of this machine's zone write it."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def pretty(value: object) -> str:
    """Return JSON in lines; a text as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def tone(status: int | None) -> str:
    """Return the name of a status' colour."""
    if status is None:
        return "none"
    return {2: "good", 3: "calm", 4: "warn", 5: "bad"}.get(status // 100, "none")


def sentence(text: str) -> str:
    """Return a message as a sentence of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")

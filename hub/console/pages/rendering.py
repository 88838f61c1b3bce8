"""Templates, and how times and numbers are written on the pages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.console import evidence

HERE = Path(__file__).parent
# The retailer's people read wall clocks in Moscow; the database keeps UTC.
HOUSE_ZONE = ZoneInfo("Europe/Moscow")
TONES = {
    "proven": "good",
    "fresh": "good",
    "proven with gaps": "warn",
    "silent by agreement": "warn",
    "not proven": "bad",
    "held": "bad",
    "dead": "bad",
}


def page(request: Request, template: str, status_code: int = 200, **data: Any) -> HTMLResponse:
    """Render a template; `root` in it leads from this address back to the first page."""
    html = _TEMPLATES.get_template(template).render(root=root_of(request), **data)
    return HTMLResponse(html, status_code)


def message_page(request: Request, text: str, status_code: int) -> HTMLResponse:
    """A page that says one sentence."""
    return page(request, "message.html", status_code, text=text)


def root_of(request: Request) -> str:
    """The way back to the first page, relative: `./`, `../`, `../../`."""
    inside = request.url.path.removeprefix(request.scope.get("root_path", "")).strip("/")
    return "../" * inside.count("/") or "./"


def ago(text: str | None) -> str:
    """`12 min ago` for an ISO time; `never` for none."""
    if not text:
        return "never"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
    if seconds < 90:
        return "just now"
    return f"{span(seconds)} ago"


def span(seconds: float | None) -> str:
    """`26 h`, `15 min`, `3 days`."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.0f} days"


def clock(text: str | None) -> str:
    """`23 Nov 22:24` on a wall clock of the house, for an ISO time."""
    return f"{datetime.fromisoformat(text).astimezone(HOUSE_ZONE):%d %b %H:%M}" if text else "–"


def number(value: int | None) -> str:
    """`12 340`: thousands apart by a narrow no-break space; nothing for zero."""
    return f"{value:,}".replace(",", "\u202f") if value else "–"


def counted(counts: dict[str, Any], subject: str) -> str:
    """`984 there, 12 moved, 984 read back`: what a proof counted of a subject."""
    return evidence.sentence(subject, counts)


def tone(word: str) -> str:
    """Which colour a verdict or a state is shown in."""
    return TONES.get(word, "plain")


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(ago=ago, span=span, clock=clock, number=number, counted=counted, tone=tone)

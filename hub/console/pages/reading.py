"""The pages that only show."""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

from hub.console import held, quarantine_view, refused, runs, status
from hub.console.pages.rendering import HERE, page
from hub.landscape.hub import Hub


def reading(open_hub: Callable[[], Hub]) -> APIRouter:
    """Routes of everybody who may see the hub."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/")
    def first_page(request: Request) -> HTMLResponse:
        hub = open_hub()
        stands = status.status(hub)
        return page(request, "overview.html", here="overview", status=stands, runs=runs.recent_runs(hub, 12))

    @router.get("/runs/{run_id}")
    def one_run(request: Request, run_id: int) -> HTMLResponse:
        return page(request, "run.html", here="overview", run=runs.proof(open_hub(), run_id))

    @router.get("/held")
    def held_batches(request: Request) -> HTMLResponse:
        return page(request, "held.html", here="held", batches=held.held(open_hub()))

    @router.get("/quarantine")
    def quarantine(request: Request, system: str = "", kind: str = "", number: int = 1) -> HTMLResponse:
        found = quarantine_view.listed(open_hub(), system, kind, number)
        return page(request, "quarantine.html", here="quarantine", found=found, system=system, kind=kind)

    @router.get("/quarantine/{record}")
    def quarantined(request: Request, record: int) -> HTMLResponse:
        return page(request, "record.html", here="quarantine", record=quarantine_view.shown(open_hub(), record))

    @router.get("/refused")
    def not_taken(request: Request, target: str = "") -> HTMLResponse:
        stuck = refused.stuck(open_hub(), target)
        return page(request, "refused.html", here="refused", documents=stuck, target=target)

    @router.get("/assets/{name}")
    def asset(name: Literal["hub.css", "hub.js"]) -> FileResponse:
        return FileResponse(HERE / "assets" / name)

    return router

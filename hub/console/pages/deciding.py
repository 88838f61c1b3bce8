"""What operators press. Each is a plain form; afterwards the browser is sent back to the page it came from."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse

from hub.console import held, pauses, quarantine_view
from hub.console.pages.rendering import root_of
from hub.landscape.hub import Hub


def own_page(request: Request) -> None:
    """Refuse a form that another site sends in the operator's name; raises 403."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form was not sent from the hub's own page")


def deciding(open_hub: Callable[[], Hub], operator: Callable[..., Any], who: Callable[..., str]) -> APIRouter:
    """Routes of operators: pause, resume, release, reject, replay."""
    router = APIRouter(dependencies=[Depends(operator), Depends(own_page)])

    @router.post("/targets/{target}/pause")
    def pause(
        request: Request, target: str, by: Annotated[str, Depends(who)], reason: Annotated[str, Form()] = ""
    ) -> RedirectResponse:
        pauses.pause(open_hub(), target, by, reason)
        return _back(request, "")

    @router.post("/targets/{target}/resume")
    def resume(request: Request, target: str, by: Annotated[str, Depends(who)]) -> RedirectResponse:
        pauses.resume(open_hub(), target, by)
        return _back(request, "")

    @router.post("/held/{batch}/release")
    def release(request: Request, batch: int, by: Annotated[str, Depends(who)]) -> RedirectResponse:
        held.release(open_hub(), batch, by)
        return _back(request, "held")

    @router.post("/held/{batch}/reject")
    def reject(request: Request, batch: int, by: Annotated[str, Depends(who)]) -> RedirectResponse:
        held.reject(open_hub(), batch, by)
        return _back(request, "held")

    @router.post("/quarantine/{record}/replay")
    def replay(request: Request, record: int, by: Annotated[str, Depends(who)]) -> RedirectResponse:
        quarantine_view.replay_later(open_hub(), [record], by)
        return _back(request, "quarantine")

    return router


def _back(request: Request, to: str) -> RedirectResponse:
    return RedirectResponse(root_of(request) + to, status_code=303)

"""The pages as one ASGI application.

Every route needs a signed-in user and every write an operator; both checks are arguments, so that this package never
imports Airflow. All links are relative: the application may be mounted anywhere, also inside Airflow's sandboxed frame.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from psycopg import OperationalError as NoAnswer
from sqlalchemy.exc import OperationalError, ProgrammingError

from canonical_model.errors import HubError
from hub.console.pages.deciding import deciding
from hub.console.pages.reading import reading
from hub.console.pages.rendering import message_page
from hub.landscape.hub import Hub

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def make_app(
    open_hub: Callable[[], Hub],
    *,
    signed_in: Callable[..., Any],
    operator: Callable[..., Any],
    who: Callable[..., str],
) -> FastAPI:
    """Make the application.

    Args:
        open_hub: opens the hub for one request.
        signed_in: dependency that raises 401 for a stranger and 403 for whom the pages are not.
        operator: dependency that raises 403 for whoever may look but not decide.
        who: dependency that returns the name that goes into the audit.
    """
    app = FastAPI(dependencies=[Depends(signed_in)], openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(reading(open_hub))
    app.include_router(deciding(open_hub, operator, who))
    app.middleware("http")(_with_headers)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(HubError)(_cannot)
    for error in (OperationalError, ProgrammingError, NoAnswer):
        app.exception_handler(error)(_no_database)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response


async def _refused(request: Request, error: HTTPException) -> HTMLResponse:
    texts = {
        401: "You are not signed in. Sign in to Airflow, then open Hub in its menu again.",
        403: "Your role may look but not decide: ask an operator (role Op) to press it.",
    }
    return message_page(request, texts.get(error.status_code, str(error.detail)), error.status_code)


async def _cannot(request: Request, error: HubError) -> HTMLResponse:
    return message_page(request, str(error), 409)


async def _no_database(request: Request, error: Exception) -> HTMLResponse:
    return message_page(request, "The hub's database does not answer: `hub check` says more.", 503)

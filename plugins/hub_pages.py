"""Hands the hub's pages to Airflow, with Airflow's own answer to who may look and who may decide.

Airflow loads this file in every process, also in each task: the pages themselves are imported by the first request.
"""

from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin


@cache
def pages() -> Any:
    """Make the pages. Writes need what changing a connection needs: the role Op, or above."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_connection, requires_access_view

    from hub.console.pages.app import make_app
    from hub.landscape.hub import open_hub

    def who(user: GetUserDep) -> str:
        return user.get_name()

    return make_app(
        open_hub,
        signed_in=requires_access_view(AccessView.PLUGINS),
        operator=requires_access_connection("PUT"),
        who=who,
    )


async def at_first_request(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    await pages()(scope, receive, send)


class HubPages(AirflowPlugin):
    """The entry Hub in the menu Browse."""

    name = "hub_pages"
    fastapi_apps: list[Any] = [{"app": at_first_request, "url_prefix": "/hub", "name": "Hub"}]  # noqa: RUF012
    external_views: list[Any] = [  # noqa: RUF012
        {"name": "Hub", "href": "hub/", "destination": "nav", "category": "browse", "url_route": "hub"}
    ]

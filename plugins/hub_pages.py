"""Hands the hub's pages to Airflow, with Airflow's own answer to who may look and who may decide."""

from typing import Any, ClassVar

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_connection, requires_access_view
from airflow.plugins_manager import AirflowPlugin

from hub.console.pages.app import make_app
from hub.landscape.hub import open_hub


def who(user: GetUserDep) -> str:
    """The name that goes into the audit."""
    return user.get_name()


class HubPages(AirflowPlugin):
    """The entry Hub in the menu Browse. Writes need what changing a connection needs: the role Op, or above."""

    name = "hub_pages"
    fastapi_apps: ClassVar[list[Any]] = [
        {
            "app": make_app(
                open_hub,
                signed_in=requires_access_view(AccessView.PLUGINS),
                operator=requires_access_connection("PUT"),
                who=who,
            ),
            "url_prefix": "/hub",
            "name": "Hub",
        }
    ]
    external_views: ClassVar[list[Any]] = [
        {"name": "Hub", "href": "hub/", "destination": "nav", "category": "browse", "url_route": "hub"}
    ]

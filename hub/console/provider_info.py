"""What Airflow learns about the hub through the `apache_airflow_provider` entry point."""

from importlib.metadata import version
from typing import Any

from connectors.forms import connection_types


def get_provider_info() -> dict[str, Any]:
    """The provider description that Airflow reads at every start; `package-name` must equal the distribution's.

    Each connector has a connection type with a form of its own under Admin → Connections.
    """
    return {
        "package-name": "retail-hub",
        "name": "Retail hub",
        "description": "Connections of the retailer's systems.",
        "versions": [version("retail-hub")],
        "connection-types": connection_types(),
    }

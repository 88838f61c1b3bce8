"""The connections' forms in Airflow, made from every `connector.yml`.

Airflow reads the forms from the provider entry point without importing anything of ours, and imports a hook class only
to learn its four names; so the hook classes are plain classes, made here on demand (`forms.WoocommerceHook`).
"""

from __future__ import annotations

from typing import Any

from connectors import registry
from connectors.registry import ConnectorSpec

OWN_FIELDS = ("host", "port", "schema", "login", "password", "description", "extra")
"""The fields that every form of Airflow has; what a connector does not use is hidden."""


def connection_types() -> list[dict[str, Any]]:
    """The value of `connection-types` in the provider's description: one entry a connector, plain data."""
    return [connection_type(registry.spec(name)) for name in registry.names()]


def connection_type(spec: ConnectorSpec) -> dict[str, Any]:
    """One connector's entry."""
    fields = spec.connection.fields
    own = {name: field for name, field in fields.items() if not field.where}
    shown = {*own, "description"}
    return {
        "connection-type": spec.connection.type,
        "hook-class-name": f"{__name__}.{hook_name(spec.name)}",
        "hook-name": spec.title,
        "ui-field-behaviour": {
            "hidden-fields": [name for name in OWN_FIELDS if name not in shown],
            "relabeling": {name: field.title for name, field in own.items()},
            "placeholders": {name: field.default for name, field in own.items() if field.default},
        },
        "conn-fields": {
            name: {
                "label": field.title,
                "schema": {"type": ["string", "null"], "default": field.default or None}
                | ({"format": "password"} if field.secret else {}),
            }
            for name, field in fields.items()
            if field.where
        },
    }


def hook_name(connector: str) -> str:
    """Name of the class behind a connector's form."""
    return f"{connector.capitalize()}Hook"


def __getattr__(name: str) -> type:
    """The hook class of that name: the four attributes that Airflow reads, nothing else."""
    for connector in registry.names():
        if hook_name(connector) == name:
            spec = registry.spec(connector)
            made = type(
                name,
                (),
                {
                    "__doc__": f"{spec.title}: the form of its connection.",
                    "conn_name_attr": "connection_id",
                    "default_conn_name": f"{spec.connection.type}_default",
                    "conn_type": spec.connection.type,
                    "hook_name": spec.title,
                },
            )
            globals()[name] = made
            return made
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)

"""`hub explain`: why a value stands at a target."""

from typing import Any

from hub.landscape.hub import Hub
from hub.sync.explain import explain


def explain_sku(hub: Hub, sku: str, field: str | None = None, target: str | None = None) -> dict[str, Any]:
    """Follow a SKU from its source to its targets; raises ConfigError when nothing is called so."""
    return explain(hub, sku, field, target) | {"field": field}

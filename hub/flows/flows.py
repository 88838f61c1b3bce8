"""The flows of this hub. A DAG and `hub run` of the same name run the same stages; a test asserts it."""

from canonical_model.errors import ConfigError
from hub.flows.stages import DELIVER, GUARD, GUARD_THOROUGHLY, LAND, MERGE, NORMALISE, PROVE, Flow

# The nightly guard also runs Great Expectations over what was staged; by day the vectorised bounds alone decide.
CATALOGUE_NIGHTLY = Flow("catalogue_nightly", (LAND, NORMALISE, GUARD_THOROUGHLY, MERGE, DELIVER, PROVE))
PRICES_STOCK = Flow("prices_stock", (LAND, NORMALISE, GUARD, MERGE, DELIVER, PROVE))
# What a person sends again from quarantine: it has landed already.
REPLAY = Flow("replay", (NORMALISE, GUARD, MERGE, DELIVER, PROVE))

FLOWS = {flow.name: flow for flow in (CATALOGUE_NIGHTLY, PRICES_STOCK)}


def flow_named(name: str) -> Flow:
    """Return a flow by its name; raises ConfigError naming the known ones."""
    if name not in FLOWS:
        message = f"no flow '{name}'; there are {', '.join(FLOWS)}"
        raise ConfigError(message)
    return FLOWS[name]

"""Source of CommerceML: pull packages from a folder, cut them into records."""

from connectors.commerceml.cut import cut

__all__ = ["cut"]

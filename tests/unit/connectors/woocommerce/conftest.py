"""The rig is shared with the contract suite."""

from woo_rig import rig

__all__ = ["rig"]

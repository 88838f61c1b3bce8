"""A 1C ERP that drops CommerceML exports into a folder: deterministic, streamed, changed by hand."""

from sandbox.onec.export import export
from sandbox.onec.state import UnknownCodeError, delete_product, set_price

__all__ = ["UnknownCodeError", "delete_product", "export", "set_price"]

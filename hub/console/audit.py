"""The audit: who decided what, and when."""

from typing import Any

import msgspec
from sqlalchemy import Connection, text

_RECORD = text('insert into audit ("by", action, detail) values (:by, :action, cast(:detail as jsonb))')


def record(connection: Connection, by: str, action: str, detail: dict[str, Any]) -> None:
    """Write one decision, in the transaction that carries it out."""
    connection.execute(_RECORD, {"by": by, "action": action, "detail": msgspec.json.encode(detail).decode()})

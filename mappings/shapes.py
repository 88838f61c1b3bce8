"""Learned shapes."""

from __future__ import annotations

from typing import Any

from mappings.sources import Source


class Shapes:
    """Shapes."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def read(self, body: bytes) -> list[Any] | None:
        """Read."""
        return None

    def learn(self, body: bytes, record: Any, slots: list[Any]) -> None:
        """Learn."""

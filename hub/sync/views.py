"""What counts as equal at a target: a document's own fields, seen the same way in what is sent and in what is read."""

from typing import Any

import msgspec

from connectors.protocol import Raw
from hub.sync.targets import Document
from mappings import registry
from mappings.view import view
from mappings.walk import Element


class Viewer:
    """Views of one document kind."""

    def __init__(self, document: Document) -> None:
        self.mapping = registry.inbound(document.system.connector, document.kind)
        self.fields = document.mapping.fields

    def of_payload(self, payload: dict[str, Any]) -> bytes:
        """The view of what is sent."""
        return view(self.mapping, self.fields, payload)

    def of_record(self, record: dict[str, Any] | Element) -> bytes:
        """The view of what was read back."""
        return view(self.mapping, self.fields, record)

    def of_raw(self, raw: Raw) -> bytes:
        """The view of a record that was cut out of a JSON answer."""
        return self.of_record(msgspec.json.decode(raw.body))

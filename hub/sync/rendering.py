"""What becomes of one claimed document: a letter, or a settlement without one. Decides; touches nothing."""

from typing import Any, NamedTuple

import xxhash

from connectors.protocol import Letter
from hub.sync.claims import Row, Settled
from hub.sync.references import KnownIds
from hub.sync.views import Viewer
from mappings.faults import NotPublishable, Waiting
from mappings.outward import Document as Rendered
from mappings.outward import OutMapping

OUTSIDE = "outside the channel's assortment"
GONE = "gone at its source"
REFUSED_BEFORE = "it renders as it did when the target refused it"


class Ready(NamedTuple):
    """A letter to push, and the digest of what the target will hold then."""

    row: Row
    letter: Letter
    digest: bytes
    reason: str | None
    unpublishable: bool = False


class NoCode(NamedTuple):
    """It can be published, but has no code yet."""

    row: Row


class Held(NamedTuple):
    """It waits for another document of the target."""

    row: Row
    waiting: Waiting


Decision = Ready | NoCode | Held | Settled


def digest_of(view: bytes) -> bytes:
    """xxh3-128 of a view: what is compared with the target."""
    return xxhash.xxh3_128_digest(view)


def decide(row: Row, document: Rendered | None, mapping: OutMapping, refs: KnownIds, viewer: Viewer) -> Decision:
    """Say what a claimed row needs."""
    if document is None:
        return Settled(row, "unpublishable", reason="it was not received")
    try:
        if not document.visible or document.gone:
            return _take_off(row, document, mapping, refs, viewer, GONE if document.gone else OUTSIDE)
        payload = mapping.render(document, refs)
        if document.code is None:
            return NoCode(row)
        return _push(row, document, payload, refs, viewer, None)
    except NotPublishable as why:
        return _unpublishable(row, document, mapping, refs, viewer, why.reason)
    except Waiting as waiting:
        return Held(row, waiting)


def _unpublishable(
    row: Row, document: Rendered, mapping: OutMapping, refs: KnownIds, viewer: Viewer, reason: str
) -> Decision:
    """What may no longer be shown is taken off; what never was shown stays away."""
    if row.target_id is None:
        return Settled(row, "unpublishable", reason=reason)
    document.visible = False
    try:
        taken = _take_off(row, document, mapping, refs, viewer, reason)
    except Waiting as waiting:
        return Held(row, waiting)
    return taken._replace(unpublishable=True) if isinstance(taken, Ready) else taken._replace(state="unpublishable")


def _take_off(
    row: Row, document: Rendered, mapping: OutMapping, refs: KnownIds, viewer: Viewer, reason: str
) -> Ready | Settled:
    """Hide, zero or delete what the target holds; what it never held is never created."""
    if row.target_id is None:
        return Settled(row, reason=reason)
    if document.channel.options.get("gone") == "delete":
        letter = Letter(row.hub_id, document.kind, "remove", document.code or "", None, row.target_id)
        return Ready(row, letter, b"", reason)
    refs.keep_known(document)
    return _push(row, document, mapping.render(document, refs), refs, viewer, reason)


def _push(
    row: Row, document: Rendered, payload: dict[str, Any], refs: KnownIds, viewer: Viewer, reason: str | None
) -> Ready | Settled:
    """A letter, unless the target holds the same already or refused just this before."""
    digest = digest_of(viewer.of_payload(payload))
    if digest == row.delivered_digest:
        return Settled(row, reason=reason, code=document.code, digest=digest)
    if digest == row.refused_digest and row.state == "refused":
        return Settled(row, "refused", reason=REFUSED_BEFORE, refused=digest)
    op: Any = "remove" if reason else "update" if row.target_id else "create"
    parent = refs.parent_id(document)
    letter = Letter(row.hub_id, document.kind, op, document.code or "", payload, row.target_id, parent)
    return Ready(row, letter, digest, reason)

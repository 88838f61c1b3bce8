"""The verdict of a run, with its evidence: both sides counted, the target read back, the coverage stated."""

import json
from contextlib import closing, nullcontext
from typing import Any

import psycopg

from canonical_model.errors import Fenced, HubError, RetryLater
from hub.landscape.hub import Hub
from hub.landscape.landscape import System
from hub.sync import feed_proof, verdict
from hub.sync.readback import ReadBack, ledger_counts, oldest_unread_days
from hub.sync.runs import conclude, progress
from hub.sync.source_proof import source_counts
from hub.sync.targets import Document, documents_of


def prove(hub: Hub, run_id: int) -> str:
    """Prove a run; writes its `proof` rows, verdict and summary, and returns the verdict.

    A target that cannot be read makes it `not proven` and says what to do; the others are proven all the same.
    """
    verdicts, sentences = [], {}
    with hub.connect() as connection:
        for system, stream in hub.landscape.sources():
            counts = source_counts(connection, system, stream)
            found = verdict.of_source(counts)
            _write(connection, run_id, f"source:{system.name}/{stream}", found, counts, [])
            verdicts.append(found)
        for system in hub.landscape.targets():
            try:
                found, sentence = _target(hub, connection, run_id, system)
            except Fenced:
                raise
            except HubError as error:
                connection.rollback()
                found, sentence = _unread(hub, connection, run_id, system, error)
            verdicts.append(found)
            sentences[system.name] = sentence
        summary = {"coverage": " · ".join(f"{name}: {said}" for name, said in sentences.items() if said)}
        return conclude(connection, run_id, verdict.worst(verdicts), summary)


def _target(hub: Hub, connection: psycopg.Connection[Any], run_id: int, system: System) -> tuple[str, str]:
    """Every document kind of a target; returns its verdict and the sentence of its coverage."""
    documents = documents_of(hub, connection, system.name)
    paused = connection.execute("select 1 from pause where target = %s", (system.name,)).fetchone() is not None
    connection.commit()
    if system.deliver == "shadow":
        for document in documents:
            counts = ledger_counts(connection, document, run_id)
            _write(connection, run_id, f"target:{document.name}", verdict.PROVEN, counts | {"shadow": 1}, [])
        return verdict.PROVEN, "shadow: nothing is written there"
    if documents and documents[0].snapshot:
        counts, differences = feed_proof.prove(hub, connection, run_id, documents, paused=paused)
        found = verdict.of_target(counts)
        _write(connection, run_id, f"target:{documents[-1].name}", found, counts, differences)
        return found, verdict.coverage(counts["changed"], counts["read_back"], 0, 0, None)
    return _documents(hub, connection, run_id, system, documents, paused)


def _unread(
    hub: Hub, connection: psycopg.Connection[Any], run_id: int, system: System, error: HubError
) -> tuple[str, str]:
    """What the ledger knows of a target that did not let itself be read, with the reason and what to do."""
    advice = "it may be busy: prove again" if isinstance(error, RetryLater) else "set it right, then prove again"
    reason = f"{system.name} could not be read: {str(error).rstrip('.')}. `hub check` asks it; {advice}"
    documents = documents_of(hub, connection, system.name)
    for document in documents[-1:] if documents and documents[0].snapshot else documents:
        counts = ledger_counts(connection, document, run_id) | {"unread": 1}
        said = {"class": "unread", "key": system.name, "reason": reason}
        _write(connection, run_id, f"target:{document.name}", verdict.of_target(counts), counts, [said])
    return verdict.NOT_PROVEN, reason


def _documents(
    hub: Hub,
    connection: psycopg.Connection[Any],
    run_id: int,
    system: System,
    documents: list[Document],
    paused: bool,
) -> tuple[str, str]:
    verdicts, oldest = [], 0.0
    changed = read = rest = 0
    with nullcontext() if paused else closing(hub.sink(system)) as sink:
        for document in documents:
            counts: dict[str, int] = ledger_counts(connection, document, run_id) | {"paused": int(paused)}
            differences: list[dict[str, Any]] = []
            if sink is not None:
                back = ReadBack(connection, sink, document, documents, run_id)
                counts |= back.prove()
                differences = back.differences
            found = verdict.of_target(counts)
            _write(connection, run_id, f"target:{document.name}", found, counts, differences)
            progress(hub, run_id, f"prove:{document.name}", counts.get("read_back", 0), None, finished=True)
            verdicts.append(found)
            changed, read = changed + counts["changed"], read + counts.get("read_back", 0)
            rest += counts["at_target"] - counts["changed"]
            oldest = max(oldest, oldest_unread_days(connection, document) or 0.0)
    of_rest = read - min(read, changed)
    return verdict.worst(verdicts), verdict.coverage(changed, min(read, changed), rest, of_rest, oldest)


def _write(
    connection: psycopg.Connection[Any], run_id: int, subject: str, found: str, counts: Any, differences: list[Any]
) -> None:
    connection.execute(
        "insert into proof (run_id, subject, verdict, counts, differences) values (%s, %s, %s, %s, %s) "
        "on conflict (run_id, subject) do update set verdict = excluded.verdict, counts = excluded.counts, "
        "differences = excluded.differences, at = now()",
        (
            run_id,
            subject,
            found,
            json.dumps(dict(counts), ensure_ascii=False),
            json.dumps(differences, ensure_ascii=False),
        ),
    )
    connection.commit()

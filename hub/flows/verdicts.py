"""The verdicts of a run, and what they mean for whoever started it."""

from typing import Any

from canonical_model.errors import GuardTripped, ProofFailed

PROVEN = "proven"
GAPS = "proven with gaps"
NOT_PROVEN = "not proven"
HELD = "held"
DRY = "dry run"
WAITS = "waits for the next run"


def insist(counts: dict[str, Any]) -> dict[str, Any]:
    """Return what the proof counted when its verdict is good; raises ProofFailed or GuardTripped when it is not.

    The last task of a DAG ends with this, so that the DAG run is red in Airflow.
    """
    verdict = counts["verdict"]
    if verdict == HELD:
        message = "held: a batch waits for a person; read its reasons on the Hub page, then release or reject it"
        raise GuardTripped(message)
    if verdict not in (PROVEN, GAPS):
        why = [f"{stage} failed: {reason}" for stage, reason in counts.get("unfinished", {}).items()]
        why += counts.get("doubtful", [])
        message = f"{verdict}: {'; '.join(why) or 'the ends differ'}. The Hub page and `hub proof` show more"
        raise ProofFailed(message)
    return counts

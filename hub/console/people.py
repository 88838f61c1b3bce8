"""Who does it: the name that stands in runs, in the audit and beside every decision."""

import getpass
from datetime import UTC, datetime


def this_person() -> str:
    """The user of this process, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unnamed user"


def started_by(what: str) -> str:
    """The trigger of a run that a person starts: `hub run by anna at 2026-11-23T18:00:00.123456+00:00`."""
    return f"{what} by {this_person()} at {datetime.now(UTC).isoformat()}"

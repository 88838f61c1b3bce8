"""How a command answers: tables for people, or with `--json` one JSON object on standard output and nothing else.

Exit status: 0 proven, or fine · 1 anything less · 2 could not run.
"""

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

from canonical_model.errors import HubError

Data = dict[str, Any]
FINE, LESS, COULD_NOT_RUN = 0, 1, 2


def answer(
    as_json: bool,
    work: Callable[[], Data],
    show: Callable[[Data], None],
    exit_code: Callable[[Data], int] | None = None,
) -> NoReturn:
    """Do the work, print what it returns, and end the process with the exit status that the answer deserves."""
    try:
        data = work()
    except HubError as error:
        fail(as_json, str(error))
    except OSError as error:
        fail(as_json, str(error))
    except _unreachable() as error:
        fail(as_json, f"the hub's database does not answer: start the hub with `make run` ({_first_line(error)})")
    if as_json:
        print_json(data)
    else:
        show(data)
    raise SystemExit(exit_code(data) if exit_code else FINE)


def print_json(data: Data) -> None:
    """Write one JSON object and a line end."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(data).decode() + "\n")


def fail(as_json: bool, message: str) -> NoReturn:
    """Say why the command could not run; ends the process with 2."""
    if as_json:
        print_json({"error": message})
    else:
        sys.stderr.write(f"hub: {message}\n")
    raise SystemExit(COULD_NOT_RUN)


def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook` of the command: a fault of the hub itself is told in full, and ends the process with 2."""
    sys.__excepthook__(kind, error, trace)
    if "--json" in sys.argv:
        print_json({"error": f"a fault of the hub itself, please report it: {kind.__name__}: {error}"})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(COULD_NOT_RUN)  # an excepthook cannot choose the exit status otherwise


def _unreachable() -> tuple[type[Exception], ...]:
    """Errors of a database that is not there; only those whose library was loaded can have been raised."""
    found: list[type[Exception]] = []
    if "psycopg" in sys.modules:
        import psycopg

        found += [psycopg.OperationalError, psycopg.errors.UndefinedTable]
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import OperationalError, ProgrammingError

        found += [OperationalError, ProgrammingError]
    return tuple(found)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

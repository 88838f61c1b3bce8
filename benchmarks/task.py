"""Runs one task in this process and prints what it found as one JSON line: `python -m benchmarks.task NAME JSON`.

The import of a task's module takes in everything it uses, so that what `memory.after_imports` notes is honest.
"""

import importlib
import json
import sys

from benchmarks import memory


def main() -> None:
    """Import the task, run it, and say what it returned with the peak of its memory."""
    name, given = sys.argv[1:]
    task = importlib.import_module(f"benchmarks.{name}")
    before = memory.after_imports()
    found = task.main(**json.loads(given))
    print(json.dumps(found | {"memory": memory.peak() - before}))


if __name__ == "__main__":
    main()

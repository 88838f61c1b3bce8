"""Failpoints end the process where a test says, and nowhere else."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
from hub.sync.failpoints import reach
for name in ("a:one", "b:two", "a:one"):
    reach(name)
    print(name, flush=True)
"""


@pytest.mark.parametrize(
    ("failpoint", "printed", "code"),
    [
        pytest.param("", 3, 0, id="none"),
        pytest.param("a:one:2", 2, -9, id="second time of a name"),
        pytest.param("*:2", 1, -9, id="second of any name"),
        pytest.param("c:three:1", 3, 0, id="another name"),
    ],
)
def test_a_failpoint(failpoint, printed, code):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | {"HUB_FAILPOINT": failpoint}, capture_output=True, text=True
    )
    assert (done.stdout.count("\n"), done.returncode) == (printed, code)

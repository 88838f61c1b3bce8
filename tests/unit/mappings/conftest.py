"""Real exports, cut and mapped; the folder of samples may be absent."""

from pathlib import Path

import pytest

SPECS = Path(__file__).parents[4] / "shared" / "specs"


@pytest.fixture
def specs():
    if not SPECS.is_dir():
        pytest.skip("the folder of real exports (shared/specs beside the repository) is not there")
    return SPECS

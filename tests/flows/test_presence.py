"""After every night the source's identifiers and the canonical rows agree on what is there and what is gone."""

import os
import time

import pytest

from hub.sync.source_proof import source_counts
from sandbox.onec.export import export

CHANGES = {
    "full exports": {},
    "changes only": {"changes_only": True},
    "segmented": {"schema": "3.1"},
    "with every defect that real exports have": {"defects": True},
}


@pytest.mark.parametrize("name", CHANGES)
def test_identifiers_and_rows_agree_night_after_night(name, night, tmp_path):
    system = night.hub.landscape.system("erp")
    for day in range(1, 4):
        how = CHANGES[name] if day > 1 else {k: v for k, v in CHANGES[name].items() if k != "changes_only"}
        export(night.onec.folder, 200, day=day, state=tmp_path / "onec", vanished=0.03, new=0.03, changed=0.1, **how)
        for path in night.onec.folder.glob("*.xml"):
            os.utime(path, (time.time() - 60, time.time() - 60))
        assert night.run()["merge"]["batches"] == 1
        with night.hub.connect() as connection:
            counts = source_counts(connection, system, "catalogue")
        assert night.rows("select name from location where gone") == []
        assert (counts["mismatched"], counts["unaccounted"]) == (0, 0), (day, counts)

"""dlt with write disposition merge, as its documentation shows it. Runs in an environment of its own.

`python -m benchmarks.peers.dlt_merge EXPORT URL WORK`: prints one JSON line with the number of rows.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.reading import offers, products


def main(export: Path, url: str, work: str) -> dict[str, int]:
    """Load one export into the database at `url`."""
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": work,
        "DESTINATION__POSTGRES__CREDENTIALS": url,
    }
    import dlt

    counted = {"rows": 0}

    def prices() -> Iterator[list[dict[str, Any]]]:
        for rows, _ in offers(export / "offers.xml"):
            counted["rows"] += len(rows)
            yield rows

    def stock() -> Iterator[list[dict[str, Any]]]:
        for _, rows in offers(export / "offers.xml"):
            counted["rows"] += len(rows)
            yield rows

    def goods() -> Iterator[dict[str, Any]]:
        for row in products(export / "import.xml"):
            counted["rows"] += 1
            yield row

    merge: dict[str, Any] = {"write_disposition": "merge"}
    json_column = {"properties": {"data_type": "json"}}
    resources = [
        dlt.resource(goods(), name="product", primary_key="product_id", columns=json_column, **merge),
        dlt.resource(prices(), name="price", primary_key=["product_id", "price_type"], **merge),
        dlt.resource(stock(), name="stock", primary_key=["product_id", "store"], **merge),
    ]
    pipeline = dlt.pipeline("bench", destination="postgres", dataset_name="bench", pipelines_dir=f"{work}/pipelines")
    pipeline.run(resources)
    return counted


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))

"""The late shop of the push measurement: numbers for documents, 429 over its limit, and its own count of both."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.slow_shop import Shop


@contextmanager
def shop(limit: float = 0) -> Iterator[tuple[Shop, str]]:
    found = Shop(0.0, limit)
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found, f"http://127.0.0.1:{found.server_address[1]}/wp-json/wc/v3/products/batch"
    found.shutdown()
    thread.join()
    found.server_close()


def post(url: str, told: Any) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(told).encode())) as answer:
        return json.load(answer)


def test_a_created_document_gets_a_number_and_an_updated_one_keeps_its_own() -> None:
    with shop() as (counting, url):
        told = post(url, {"create": [{"sku": "A"}, {"sku": "B"}], "update": [{"id": 9, "sku": "C"}]})
        assert [row["id"] for row in told["create"]] == [1, 2]
        assert told["update"] == [{"id": 9, "sku": "C", "slug": ""}]
        assert counting.counted["documents"] == 3


def test_requests_over_the_limit_are_rejected_and_their_documents_not_counted() -> None:
    with shop(limit=2) as (counting, url):
        statuses = []
        for _ in range(3):
            try:
                post(url, {"create": [{"sku": "A"}]})
                statuses.append(200)
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
                error.close()
        assert statuses == [200, 200, 429]
        assert (counting.counted["documents"], counting.counted["rejected"]) == (2, 1)

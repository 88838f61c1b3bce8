"""A shop that does nothing but answer late: `python -m benchmarks.slow_shop LATENCY_MS REQUESTS_PER_SECOND`.

It takes batches of WooCommerce documents and gives each a number. With a limit above 0 it answers 429 whenever more
than that many requests a second arrive (a bucket that holds one second). Prints its port, and what it counted when its
standard input ends.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any


class Shop(ThreadingHTTPServer):
    """Counts what it answered: `late` are requests after the first second, `late_rejected` those of them with 429."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, latency_s: float, limit: float) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.latency_s, self.limit = latency_s, limit
        self.lock, self.ids = threading.Lock(), count(1)
        self.tokens, self.filled, self.begun = limit, time.monotonic(), 0.0
        self.counted = {"answered": 0, "rejected": 0, "late": 0, "late_rejected": 0, "documents": 0}

    def admits(self) -> bool:
        """Whether this request is within the limit."""
        with self.lock:
            now = time.monotonic()
            self.begun = self.begun or now
            late = now - self.begun > 1
            self.counted["late"] += late
            if self.limit:
                self.tokens = min(self.limit, self.tokens + (now - self.filled) * self.limit)
                self.filled = now
                if self.tokens < 1:
                    self.counted["rejected"] += 1
                    self.counted["late_rejected"] += late
                    return False
                self.tokens -= 1
            self.counted["answered"] += 1
            return True


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Shop

    def do_GET(self) -> None:
        """A listing: the shop holds nothing that anybody asks for."""
        self._answer([])

    def do_POST(self) -> None:
        """A batch: what is created or updated gets a number or keeps it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [row for some in body.values() for row in some]
        told = {name: [self._row(row) for row in some] for name, some in body.items()}
        if self._answer(told):
            self.server.counted["documents"] += len(rows)

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"id": row.get("id") or next(self.server.ids), "sku": row.get("sku", ""), "slug": row.get("slug", "")}

    def _answer(self, told: Any) -> bool:
        """Answer late, or at once with 429; returns whether the request was admitted."""
        admitted = self.server.admits()
        if admitted:
            time.sleep(self.server.latency_s)
        body = json.dumps(told).encode() if admitted else b"{}"
        self.send_response(200 if admitted else 429)
        if not admitted:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return admitted

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until standard input ends."""
    shop = Shop(float(sys.argv[1]) / 1000, float(sys.argv[2]))
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    print(shop.server_address[1], flush=True)
    sys.stdin.read()
    shop.shutdown()
    print(json.dumps(shop.counted), flush=True)


if __name__ == "__main__":
    main()

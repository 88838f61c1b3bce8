"""A hub on a database of its own, with facts put straight into its tables."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.landscape.hub import Hub, open_hub

LANDSCAPE = """
systems:
  erp:
    connector: commerceml
    connection: test_erp
    zone: Europe/Moscow
    environment: sandbox
    streams:
      catalogue: {settle: 2, fresh_within: 26h, blackout: ["03:00-04:00"]}
  shop: {connector: woocommerce, connection: test_shop, environment: sandbox, deliver: live}
  feed: {connector: yml, connection: test_feed, environment: sandbox, deliver: shadow}
owners:
  Category: {"*": erp}
  PriceList: {"*": erp}
  Location: {"*": erp}
  Product: {"*": erp}
  Sku: {"*": erp}
  Price: {"*": erp}
  StockLevel: {"*": erp}
creates: [erp]
"""


@pytest.fixture
def hub(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    landscape = tmp_path / "landscape.yml"
    landscape.write_text(LANDSCAPE, encoding="utf8")
    monkeypatch.setenv("HUB_DATABASE_URL", database)
    monkeypatch.setenv("HUB_LANDSCAPE", str(landscape))
    monkeypatch.setenv("HUB_LANDING_URL", f"file://{tmp_path}/landing")
    opened = open_hub()
    yield opened
    opened.close()


@pytest.fixture
def put(hub: Hub) -> Callable[..., Any]:
    """Run one statement; returns the first value of its answer."""

    def _put(statement: str, **values: Any) -> Any:
        with hub.engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return found.scalar() if found.returns_rows else None

    return _put


@pytest.fixture
def night(put: Callable[..., Any]) -> dict[str, int]:
    """A night that ended `held`: one record parked, one batch held, one document refused, one not answered for."""
    run = put(
        "insert into run (flow, trigger, ended_at, verdict, summary) "
        "values ('catalogue_nightly', 'scheduled__1', now(), 'held', cast(:summary as jsonb)) returning id",
        summary='{"coverage": "12 changed tonight, all read back; 1/14 of the rest"}',
    )
    put("insert into stream_state (system, stream, asked_at, landed_at) values ('erp', 'catalogue', now(), now())")
    batch = put(
        "insert into batch (system, stream, package, snapshot, state, run_id) "
        "values ('erp', 'catalogue', 'import0', true, 'held', :run) returning id",
        run=run,
    )
    put(
        "insert into held_batch (batch_id, reasons) values (:batch, cast(:reasons as jsonb))",
        batch=batch,
        reasons='[{"bound": "fewer_than_median", "found": "300", "allowed": "700", "text": "300 products, not 700"}]',
    )
    parked = put(
        "insert into quarantine (system, stream, batch_id, run_id, kind, key, stage, field, reason, body) values "
        "('erp', 'catalogue', :batch, :run, 'Товар', 'a1', 'map', 'ЦенаЗаЕдиницу', 'two prices of one type', :body) "
        "returning id",
        batch=batch,
        run=run,
        body="<Товар><Имя>Чай &amp; <script>alert(1)</script></Имя></Товар>".encode(),
    )
    product = put("insert into namespace (system, kind) values ('shop', 'product') returning id")
    for hub_id, state in enumerate(("idle", "refused", "unknown", "waiting"), start=1):
        put(
            "insert into delivery (document, hub_id, owed, delivered, state, reason, code, target_id) "
            "values (:document, :hub_id, 2, :delivered, :state, :reason, :code, :target_id)",
            document=product,
            hub_id=hub_id,
            delivered=2 if state == "idle" else 0,
            state=state,
            reason=None if state == "idle" else f"it is {state} because",
            code=f"A-{hub_id}",
            target_id="71" if state == "idle" else None,
        )
    put(
        "insert into proof (run_id, subject, verdict, counts, differences) "
        "values (:run, 'target:shop/product', 'not proven', cast(:counts as jsonb), cast(:differences as jsonb))",
        counts='{"owed": 4, "delivered": 1}',
        differences='[{"code": "A-2", "class": "refused"}]',
        run=run,
    )
    put("insert into run_progress (run_id, stage, done, total, finished) values (:run, 'merge', 7, 7, true)", run=run)
    return {"run": run, "batch": batch, "parked": parked}

"""A delivery that is killed anywhere and started again has the effects of one that was left alone."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hub.sync.prove import prove
from hub.sync.runs import start_run

pytestmark = pytest.mark.timeout(280)

SHOP = {
    "connector": "woocommerce",
    "connection": "shop_woo",
    "deliver": "live",
    "price_list": "Розничная",
    "gone": "hide",
}
WORKER = """
import sys
from hub.landscape.hub import open_hub
from hub.sync.deliver import deliver
deliver(open_hub(), int(sys.argv[1]), "shop")
"""


def _deliver(run: int, env: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "-c", WORKER, str(run)], env=os.environ | env, timeout=120).returncode


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_failpoints_until_it_ends(seed, shop, opened, goods, tmp_path: Path):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    for number in range(1, 12):
        rows.simple(number, categories=[10])
    for number in range(20, 25):
        rows.variable(number, ("S", "M", "L"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    landscape = tmp_path / "landscape.yml"
    landscape.write_text(json.dumps({"systems": {"shop": SHOP}}, ensure_ascii=False))
    env = {"HUB_DATABASE_URL": hub.url, "HUB_LANDSCAPE": str(landscape), "HUB_LANDING_URL": f"file://{tmp_path}/l"}
    dice = random.Random(seed)

    kills = 0
    while code := _deliver(run, env | {"HUB_FAILPOINT": f"*:{dice.randint(2, 9)}"} if kills < 12 else env):
        assert code == -9
        kills += 1

    effects = Counter((one["kind"], one["key"], one["effect"]) for one in shop.effects())
    assert kills > 3
    assert set(effects.values()) == {1}
    assert {effect for _, _, effect in effects} == {"create"}
    assert Counter(kind for kind, _, _ in effects)["product"] == 16
    assert sum(effects.values()) == 3 + 16 + 15
    assert prove(hub, run) == "proven"

"""`python -m sandbox`: served, filled and looked into as a user does."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from woocommerce import API

from sandbox.__main__ import main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any], "subprocess.Popen[bytes]"]]:
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(tmp_path / "retailer")]
    process = subprocess.Popen(command, cwd=ROOT)
    file = tmp_path / "retailer" / "endpoints.json"
    deadline = time.monotonic() + 30
    while not file.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield tmp_path / "retailer", json.loads(file.read_text()), process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_a_retailer_is_served_until_told_to_end(served: tuple[Path, dict[str, Any], Any]) -> None:
    directory, endpoints, process = served
    for name in ("endpoints.json", "secrets.json"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    woo = endpoints["woocommerce"]
    api = API(woo["url"], woo["consumer_key"], woo["consumer_secret"])
    assert api.post("products", {"name": "x", "sku": "x"}).status_code == 201
    assert main(["drop", "--dir", str(directory), "--products", "2"]) == 0
    files = endpoints["sftp"]
    with paramiko.Transport((files["host"], files["port"])) as transport:
        transport.connect(None, files["user"], files["password"])
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        assert sorted(client.listdir(files["folder"])) == ["import0_1.xml", "offers0_1.xml"]
    os.kill(endpoints["pid"], signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (directory / "endpoints.json").exists()
    assert json.loads((directory / "secrets.json").read_text())["consumer_key"] == woo["consumer_key"]


def test_what_was_committed_survives_a_kill(
    served: tuple[Path, dict[str, Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, endpoints, process = served
    woo = endpoints["woocommerce"]
    api = API(woo["url"], woo["consumer_key"], woo["consumer_secret"])
    assert api.post("products", {"name": "x", "sku": "kept"}).status_code == 201
    process.kill()
    process.wait()
    assert main(["ledger", "--dir", str(directory), "--effects"]) == 0
    assert json.loads(capsys.readouterr().out)["key"] == "kept"


def test_drop_reports_progress_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drop", "--dir", str(tmp_path), "--products", "600", "--progress", "json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["products"] == 600
    steps = [json.loads(line) for line in shown.err.splitlines()]
    assert steps[-1] == {"stage": "generate", "done": 1200, "total": 1200}
    assert {file.name for file in (tmp_path / "erp" / "out").iterdir()} == {"import0_1.xml", "offers0_1.xml"}


def test_price_changes_the_next_drop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop = ["drop", "--dir", str(tmp_path), "--products", "5", "--formed", "2026-11-24T03:00:00"]
    main(drop)
    before = (tmp_path / "erp" / "out" / "offers0_1.xml").read_text("utf-8")
    article = before.partition("<Артикул>")[2].partition("<")[0]
    assert main(["price", "--dir", str(tmp_path), article, "77.70"]) == 0
    main(drop)
    after = (tmp_path / "erp" / "out" / "offers0_1.xml").read_text("utf-8")
    lines = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(lines) == 1
    assert "<ЦенаЗаЕдиницу>77.70</ЦенаЗаЕдиницу>" in lines[0][1]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["price", "A-1", "5"], "exported nothing yet"),
        (["ledger"], "no shop has been served"),
        (["drop", "--products", "0"], "1 or more"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_done_says_why(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([arguments[0], "--dir", str(tmp_path), *arguments[1:]]) == 2
    assert message in capsys.readouterr().err

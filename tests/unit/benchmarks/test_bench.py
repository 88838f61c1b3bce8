"""The bench itself, small: the two nights go through, every figure is there, and the exit status says so."""

import json
import signal
from collections.abc import Iterator

import pytest

from benchmarks import __main__ as bench
from benchmarks import nights
from benchmarks.environments import Unavailable
from benchmarks.parts import catalogue


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything once, without dlt's environment, which needs a network."""

    def no_dlt(*_: object) -> None:
        raise Unavailable("no network")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(nights, "_ROUNDS", ())
    monkeypatch.setattr(catalogue, "dlt_merge", no_dlt)
    monkeypatch.setenv("ROWS", "1000")
    monkeypatch.setenv("ONLY", "catalogue,second")
    yield
    signal.signal(signal.SIGTERM, before)


def test_two_small_nights(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    status = bench.main()
    output = capsys.readouterr().out
    assert status == 0, output
    rows = json.loads(output.strip().splitlines()[-1])["rows"]
    assert {row["part"] for row in rows} == {"catalogue", "second"}
    by_what = {row["what"]: row for row in rows if row["verdict"] != "not run"}
    assert by_what["first night, core"]["verdict"] == "not judged below 100 000"
    assert by_what["first night, core"]["limit"]["value"] > 0
    assert by_what["records parsed"]["verdict"] == "met"
    assert by_what["records parsed"]["limit"]["ratio"] == 1
    unmeasured = [row for row in rows if row["verdict"] == "not run"]
    assert [row["note"] for row in unmeasured] == ["not run: no network"]


def test_a_part_that_fails_ends_with_1(
    quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("measured something else")

    monkeypatch.setattr(catalogue, "rows", broken)
    monkeypatch.setenv("ONLY", "catalogue")
    assert bench.main() == 1
    lines = capsys.readouterr().out.strip().splitlines()
    assert "missed: catalogue: measured something else" in lines
    assert json.loads(lines[-1])["rows"] == []

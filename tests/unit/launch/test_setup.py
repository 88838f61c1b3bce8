"""`make setup` knows what is to be done from the locks, and does nothing twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from launch import locks, setup
from launch.bar import Bar

ROOT = Path(__file__).resolve().parents[3]
LOCK = """\
a==1.0 ; python_version < '3.12' \\
    --hash=sha256:aa
uv==2.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
z==3
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A project whose steps are only written down."""
    done: list[str] = []
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name)

    def written_down(name: str) -> None:
        def step(root: Path) -> None:
            done.append(name)
            (root / ".venv/bin").mkdir(parents=True, exist_ok=True)
            (root / ".venv/bin/python").touch()

        monkeypatch.setitem(setup._STEPS, name, step)

    for name in list(setup._STEPS):
        written_down(name)
    return done


def test_a_second_set_up_does_nothing(tmp_path: Path, steps: list[str]) -> None:
    setup.prepare(tmp_path, dev=False)
    assert steps == ["python", "packages", "project"]
    assert setup.prepare(tmp_path, dev=False) == []
    assert setup.prepare(tmp_path, dev=True) == ["development tools"]
    assert setup.prepare(tmp_path, dev=False) == []


@pytest.mark.parametrize(
    ("changed", "needed"),
    [
        ("requirements.lock", ["packages"]),
        ("pyproject.toml", ["project"]),
        ("requirements-dev.lock", []),
    ],
)
def test_what_changed_is_done_again(tmp_path: Path, steps: list[str], changed: str, needed: list[str]) -> None:
    setup.prepare(tmp_path, dev=False)
    (tmp_path / changed).write_text("new")
    assert setup.prepare(tmp_path, dev=False) == needed


def test_a_step_that_failed_is_tried_again(tmp_path: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_root: Path) -> None:
        message = "no network"
        raise setup.SetupFailedError(message)

    with monkeypatch.context() as patched:
        patched.setitem(setup._STEPS, "packages", fail)
        with pytest.raises(setup.SetupFailedError, match="no network"):
            setup.prepare(tmp_path, dev=False)
    assert setup.prepare(tmp_path, dev=False) == ["packages", "project"]


def test_uv_is_taken_from_the_lock_with_all_its_hashes() -> None:
    assert setup.pinned(LOCK, "uv") == "uv==2.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    assert setup.count(LOCK) == 3
    with pytest.raises(setup.SetupFailedError, match="pins no pip"):
        setup.pinned(LOCK, "pip")


def test_set_up_needs_the_standard_library_only() -> None:
    code = "import sys, launch.setup; print([m for m in sys.modules if 'site-packages' in str(sys.modules[m])])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_bar_fits_a_terminal() -> None:
    assert len(Bar("development tools", total=250).line(120, 3600)) <= 79
    assert "120/250" in Bar("packages", total=250).line(120, 3)


@pytest.mark.parametrize(
    ("pyproject", "complaint"),
    [
        ('dependencies = ["rich>=999"]', "requirements.lock: rich is"),
        ('dependencies = ["nobody-has-this"]', "requirements.lock: nobody-has-this is not pinned"),
    ],
)
def test_a_lock_that_is_behind_is_found(tmp_path: Path, pyproject: str, complaint: str) -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"))
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{pyproject}\n[dependency-groups]\ndev = []\nbuild = []\n")
    assert [found for found in locks.complaints(tmp_path) if found.startswith(complaint)] != []


def test_stamp_is_json(tmp_path: Path, steps: list[str]) -> None:
    setup.prepare(tmp_path, dev=True)
    assert set(json.loads((tmp_path / ".venv/hub-setup.json").read_text())) == {*steps}

"""Whether both locks are what pyproject.toml asks for, judged without the network.

A pin must satisfy every requirement on it, every requirement must be pinned, and nothing may be pinned that nobody
asks for any more. What packages ask for is read from their installed metadata.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?:\s*;.*?)?\s*\\?$", re.MULTILINE)


def pins(text: str) -> dict[str, Version]:
    """Package → version of a lock; the newest where several are pinned for different platforms."""
    found: dict[str, Version] = {}
    for name, version in PIN.findall(text):
        key = canonicalize_name(name)
        found[key] = max(Version(version), found.get(key, Version("0")))
    return found


def complaints(root: Path) -> list[str]:
    """Everything that is wrong with requirements.lock and requirements-dev.lock, one line each."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    runtime_text, dev_text = ((root / name).read_text() for name in ("requirements.lock", "requirements-dev.lock"))
    runtime, dev = pins(runtime_text), pins(dev_text)
    groups = project["dependency-groups"]
    found = [f"{name} contains a URL" for name, text in _both(runtime_text, dev_text) if "://" in text]
    found += _judge("requirements.lock", runtime, [*project["project"]["dependencies"], *groups["build"]])
    found += _judge("requirements-dev.lock", dev, groups["dev"])
    both = sorted(name for name in runtime.keys() & dev.keys() if runtime[name] != dev[name])
    return found + [f"{name}: pinned to two versions" for name in both]


def _both(runtime: str, dev: str) -> tuple[tuple[str, str], ...]:
    return ("requirements.lock", runtime), ("requirements-dev.lock", dev)


def _judge(lock: str, pinned: dict[str, Version], asked: list[str]) -> list[str]:
    found, reached = [], set()
    todo = [Requirement(text) for text in asked]
    seen = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if (requirement.marker and not requirement.marker.evaluate({"extra": ""})) or str(requirement) in seen:
            continue
        seen.add(str(requirement))
        reached.add(name)
        if name not in pinned:
            found.append(f"{lock}: {name} is not pinned")
        elif not requirement.specifier.contains(pinned[name], prereleases=True):
            found.append(f"{lock}: {name} is {pinned[name]}, asked for is {requirement.specifier}")
        todo += _requirements_of(name, requirement.extras)
    return found


def _requirements_of(name: str, extras: set[str]) -> list[Requirement]:
    """What an installed package asks for, with the extras wanted of it."""
    try:
        texts = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    requirements = []
    for requirement in map(Requirement, texts):
        environments = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(e) for e in environments):
            requirement.marker = None
            requirements.append(requirement)
    return requirements

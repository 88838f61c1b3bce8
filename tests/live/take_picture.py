"""Take docs/pictures/hub-page.png from the hub that `make run` holds: `.venv/bin/python tests/live/take_picture.py`."""

import json
import os
import sys
import tempfile
from pathlib import Path

import requests
from test_pages import ROOT, Browser, in_frame

SIZE = 1280, 1010


def main(root: Path) -> None:
    """Log in to the running hub of the checkout `root`, open the Hub page inside Airflow, wait for it, take it."""
    port = json.loads((root / ".airflow" / "run" / "hub.json").read_text())["port"]
    password = json.loads((root / ".airflow" / "keys.json").read_text())["admin_password"]
    address = f"http://127.0.0.1:{port}"
    login = {"username": "admin", "password": password}
    token = requests.post(f"{address}/auth/token", json=login, timeout=30).json()["access_token"]
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            browser.call("Network.setCookie", name="_token", value=token, url=address)
            browser.size(*SIZE)
            browser.scheme("light")
            browser.open(f"{address}/plugin/hub")
            in_frame(browser, "Last changed")
            browser.look("hub-page")
        finally:
            browser.close()
    os.replace(ROOT / ".live" / "hub-page.png", ROOT / "docs" / "pictures" / "hub-page.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)

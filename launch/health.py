"""Health check of one Airflow component by the body of the health page: `python -m launch.health URL COMPONENT`.

Standard library only: containers run it every 30 seconds.
"""

import json
import sys
from urllib.request import urlopen


def healthy(address: str, component: str) -> bool:
    """Whether the page says `healthy` of the component; the HTTP code says nothing, it is 200 in any case."""
    with urlopen(f"{address}/api/v2/monitor/health", timeout=20) as answer:  # noqa: S310 - our own address
        body = json.load(answer)
    return (body.get(component) or {}).get("status") == "healthy"


def main(arguments: list[str]) -> int:
    """Return 0 when healthy, 1 otherwise, and say why."""
    address, component = arguments
    try:
        good = healthy(address, component)
    except (OSError, ValueError) as error:
        print(f"{component}: {error}")
        return 1
    print(f"{component}: {'healthy' if good else 'not healthy'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

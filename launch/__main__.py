"""`python -m launch run|stop|price|live|locks`: what the Makefile calls once the environment is there."""

import argparse
import os
import sys
from pathlib import Path

from launch.places import Places

COULD_NOT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 proven or done, 1 anything less, 2 could not)."""
    parser = argparse.ArgumentParser(prog="launch")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "stop", "locks"):
        commands.add_parser(name)
    price = commands.add_parser("price")
    price.add_argument("sku")
    price.add_argument("price")
    commands.add_parser("live").add_argument("pytest", nargs="*")
    options = parser.parse_args(arguments)
    places = Places()
    if options.command == "run":
        return _run(places)
    if options.command == "stop":
        from launch.stopping import stop

        return stop(places)
    if options.command == "price":
        return _price(places, options.sku, options.price)
    if options.command == "live":
        from launch.live import live

        return live(places, options.pytest)
    return _locks(places.root)


def _run(places: Places) -> int:
    from launch.running import run

    products = os.environ.get("PRODUCTS", "1000")
    if not products.isdigit() or not int(products):
        print(f"PRODUCTS is a number of products, not {products!r}", file=sys.stderr)
        return COULD_NOT
    return run(places, once=os.environ.get("ONCE", "") not in ("", "0"), products=int(products))


def _price(places: Places, sku: str, price: str) -> int:
    from launch.retailer import SandboxError, set_price

    if not sku or not price:
        print("Name both: make price SKU=… PRICE=…", file=sys.stderr)
        return COULD_NOT
    try:
        print(set_price(places, sku, price))
    except SandboxError as error:
        print(error, file=sys.stderr)
        return COULD_NOT
    return 0


def _locks(root: Path) -> int:
    from launch.locks import complaints

    found = complaints(root)
    print("\n".join(found) or "Both locks are current.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

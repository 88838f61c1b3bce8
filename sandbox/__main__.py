"""The command line of the sandbox retailer: `python -m sandbox serve|drop|price|ledger --dir DIR`."""

import argparse
import json
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.onec import UnknownCodeError, export, set_price
from sandbox.onec.export import ENCODINGS, SCHEMAS
from sandbox.serving import ENDPOINTS, erp_folder, erp_state, serve
from sandbox.woocommerce.evidence import ledger
from sandbox.woocommerce.server import FILE as SHOP_FILE
from sandbox.woocommerce.shop import Shop


def _say_ready(endpoints: dict[str, object]) -> None:
    print(f"ready, see {ENDPOINTS} (process {endpoints['pid']})", flush=True)


def _serve(given: argparse.Namespace) -> None:
    serve(given.dir, given.woo_port, given.sftp_port, _say_ready)


def _report(done: int, total: int) -> None:
    print(json.dumps({"stage": "generate", "done": done, "total": total}), file=sys.stderr, flush=True)


def _drop(given: argparse.Namespace) -> None:
    formed = given.formed or datetime.now(ZoneInfo("Europe/Moscow")).replace(tzinfo=None, microsecond=0)
    counts = export(
        erp_folder(given.dir) / given.into, given.products, given.seed, given.day, erp_state(given.dir),
        changed=given.changed, vanished=given.vanished, new=given.new, part=given.part,
        changes_only=given.changes_only, offers_only=given.offers_only, schema=given.schema,
        encoding=given.encoding, zipped=given.zip, defects=given.defects,
        pause_between=given.pause_between, pause_inside=given.pause_inside,
        formed=formed, progress=_report if given.progress == "json" else None,
    )  # fmt: skip
    print(json.dumps(counts))


def _price(given: argparse.Namespace) -> None:
    offer = set_price(erp_state(given.dir), given.sku, given.price)
    print(json.dumps({"offer": offer, "price": given.price}))


def _ledger(given: argparse.Namespace) -> None:
    file = given.dir / "woocommerce" / SHOP_FILE
    if not file.exists():
        message = f"no shop has been served in {given.dir}"
        raise FileNotFoundError(message)
    shop = Shop(file)
    for entry in ledger(shop, given.after, effects_only=given.effects):
        print(json.dumps(entry, ensure_ascii=False))
    shop.close()


def _add_drop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", type=int, default=1)
    for name, share in (("changed", 0.01), ("vanished", 0.005), ("new", 0.005)):
        parser.add_argument(f"--{name}", type=float, default=share, help="share of the products a day, 0…1")
    parser.add_argument("--part", type=int, default=10_000, help="products a file")
    parser.add_argument("--changes-only", action="store_true")
    parser.add_argument("--offers-only", action="store_true", help="prices and stock, no goods")
    parser.add_argument("--into", default="", metavar="SUBFOLDER", help="of the exchange folder")
    parser.add_argument("--schema", choices=SCHEMAS, default=SCHEMAS[0])
    parser.add_argument("--encoding", choices=ENCODINGS, default=ENCODINGS[0])
    parser.add_argument("--zip", action="store_true")
    parser.add_argument("--defects", action="store_true")
    parser.add_argument("--pause-between", type=float, default=0.0, help="seconds between files")
    parser.add_argument("--pause-inside", type=float, default=0.0, help="seconds in the middle of each file")
    parser.add_argument("--formed", type=datetime.fromisoformat, help="1C's local time; now unless given")
    parser.add_argument("--progress", choices=("none", "json"), default="none")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True)
    known = {"serve": _serve, "drop": _drop, "price": _price, "ledger": _ledger}
    parsers = {}
    for name, act in known.items():
        parsers[name] = commands.add_parser(name)
        parsers[name].add_argument("--dir", type=Path, required=True)
        parsers[name].set_defaults(act=act)
    parsers["serve"].add_argument("--woo-port", type=int, default=0)
    parsers["serve"].add_argument("--sftp-port", type=int, default=0)
    _add_drop(parsers["drop"])
    parsers["price"].add_argument("sku", help="article, identifier, or article followed by the start of identifiers")
    parsers["price"].add_argument("price", help='roubles; "" takes the price away')
    parsers["ledger"].add_argument("--after", type=int, default=0)
    parsers["ledger"].add_argument("--effects", action="store_true", help="without writes that changed nothing")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 2 could not."""
    given = _parser().parse_args(arguments)
    try:
        given.act(given)
    except (UnknownCodeError, ValueError, OSError, sqlite3.Error) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

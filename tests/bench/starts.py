"""How long does a start take, the first and later ones, and how much memory does the idle product hold?

    python tests/bench/starts.py [--times 4] [--idle 45]

Starts the whole product with its demo on a folder of its own, stops it and starts it again; after the last start it is
left alone for a while. Memory is told as proportional set size: what processes share counts once. Cleans up.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.rig import machine, own_folder, running  # noqa: E402  # The path above comes first.
from tests.journeys.conftest import Product  # noqa: E402

KINDS = ("service.cli web", "workers.app", "workers.beat", "service.cli up", "valkey", "postgres")


def memory(product: Product) -> Iterator[tuple[str, float]]:
    """Return what each process of the product is and how many megabytes are its share."""
    whole = psutil.Process(product.process.pid)
    for process in (whole, *whole.children(recursive=True)):
        words = " ".join(process.cmdline()) or "postgres"
        yield next((kind for kind in KINDS if kind in words), "postgres"), process.memory_full_info().pss / 2**20


def main() -> None:
    """Start, measure, and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--times", type=int, default=4)
    asked.add_argument("--idle", type=float, default=45)
    options = asked.parse_args()
    print(f"machine: {machine()}")
    with own_folder("starts") as folder:
        for turn in range(1, options.times + 1):
            begun = time.monotonic()
            with running(folder, demo=True) as product:
                print(f"start {turn}: {time.monotonic() - begun:.1f} s", flush=True)
                if turn == options.times:
                    time.sleep(options.idle)
                    held = list(memory(product))
                    for kind in KINDS:
                        shares = [share for name, share in held if name == kind]
                        print(f"{kind}: {len(shares)} processes, {sum(shares):.0f} MB")
                    print(f"all: {sum(share for _, share in held):.0f} MB")


if __name__ == "__main__":
    main()

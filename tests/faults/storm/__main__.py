"""Does the product keep its promises while everything around it breaks? Plays rounds of faults and prints a table.

    python -m tests.faults.storm [--seed N] [--rounds N] [--short] [--port N] [--keep DIR]

A round is repeated by its own seed: `--seed N --rounds 1`. A round in which too little happened is thin, and is played
again. Exit 1 when anything was found, or a round stayed thin.
"""

import argparse
import secrets
import sys
from pathlib import Path

from tests.faults.storm.plan import LONG, SHORT
from tests.faults.storm.playing import folder_of_data, play_until_told
from tests.faults.storm.table import Round, head, line, summary, told


def main() -> None:
    """Play, print, and end with what was found."""
    ask = argparse.ArgumentParser(prog="python -m tests.faults.storm", description=__doc__)
    ask.add_argument("--seed", type=int, default=None, help="of the first round; the next ones count on")
    ask.add_argument("--rounds", type=int, default=20)
    ask.add_argument("--short", action="store_true", help="each fault once: as `make test` plays it")
    ask.add_argument("--port", type=int, default=None, help="where the product listens; a free one by itself")
    ask.add_argument("--keep", type=Path, default=None, help="keep the data folder of rounds with findings in here")
    wish = ask.parse_args()
    seed = wish.seed if wish.seed is not None else secrets.randbelow(90_000) + 10_000
    print(f"seed {seed}, {wish.rounds} rounds; again with: make faults SEED={seed} ROUNDS={wish.rounds}\n\n{head()}")
    rounds: list[Round] = []
    with folder_of_data() as counties:
        for n in range(wish.rounds):
            form = SHORT if wish.short else LONG
            for one in play_until_told(seed + n, form, counties, port=wish.port, keep=wish.keep):
                rounds.append(one)
                tell(n + 1, one)
    print(f"\n{summary(rounds)}")
    sys.exit(any(one.findings for one in rounds) or len({r.seed for r in rounds if not r.is_thin}) < wish.rounds)


def tell(number: int, one: Round) -> None:
    """Print a round's line, and what was found."""
    print(line(one.cells(number)), flush=True)
    if one.findings:
        print(told(one.findings), flush=True)
    print(
        f"  {one.seconds:.0f} s; not struck: {one.skipped}; not probed: {one.not_probed}", file=sys.stderr, flush=True
    )


if __name__ == "__main__":
    main()

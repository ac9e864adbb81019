"""How long does a suggestion take, and how good is one on texts that were learnt from nobody?

    python tests/bench/suggest.py [--texts 2000] [--write invented.csv --labels FILE.labels.yaml]

A model of the size an installation has: every topic of the shipped catalogue, learnt from the demo's invented requests.
One process, one core, texts of the measured lengths (median 198, 95th percentile 1,130) and the longest allowed. With
--write the invented requests become a CSV file for `jiban categories evaluate FILE --also invented.csv`.
"""

import argparse
import csv
import platform
from pathlib import Path
from time import perf_counter

import numpy as np

from service.categories.loading import shipped_catalogue
from service.categories.model import Model, from_bytes
from service.demo.stories import matters
from service.learning.files import hints_of, label_of, read_labels
from service.learning.fitting import Example, fit

TARGET_MS = 10.0


def invented() -> list[Example]:
    """Return the demo's requests under their topics."""
    return [Example("", str(one["text"]), str(one["topic"])) for one in matters()]


def measured(model: Model, texts: list[str]) -> list[float]:
    """Return how long each text took, in milliseconds."""
    took = []
    for text in texts:
        begun = perf_counter()
        model.chances(text[:20], text)
        took.append((perf_counter() - begun) * 1_000)
    return took


def written(path: Path, labels: Path) -> int:
    """Write the invented requests whose topic has a label; return how many."""
    catalogue = shipped_catalogue()
    known = read_labels(labels, catalogue, None)
    rows = [(one.title, one.text, label_of(one.label, known, catalogue)) for one in invented()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("title", "text", "label"))
        writer.writerows(row for row in rows if row[2])
    return sum(bool(row[2]) for row in rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--labels", type=Path)
    wanted = parser.parse_args()
    if wanted.write:
        print(f"{written(wanted.write, wanted.labels)} invented requests written to {wanted.write}")
        return
    kept = fit(invented(), hints_of(shipped_catalogue())).to_bytes()
    model, dice = from_bytes(kept), np.random.default_rng(1)
    every = "".join(one.text for one in invented())
    lengths = np.minimum(np.exp(dice.normal(np.log(198), 1.06, wanted.texts)).astype(int) + 1, 10_000)
    texts = [every[at : at + int(size)] for size in lengths for at in [int(dice.integers(0, len(every) - 200))]]
    print(f"Suggestions. {platform.machine()}, Python {platform.python_version()}, {len(model.labels)} topics,")
    print(f"{len(model.ids)} numbers that count, {len(kept) / 1e6:.1f} MB in the database.")
    for name, some in (
        ("texts as long as residents write", texts),
        ("10,000 characters", [(every * 9)[:10_000]] * 200),
    ):
        took = np.array(measured(model, some))
        p50, p99 = np.percentile(took, [50, 99])
        print(f"  {name:<34} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  (target p99 < {TARGET_MS:.0f} ms)")


if __name__ == "__main__":
    main()

"""How many bytes does a case need, table by table and index by index, and which indexes do not grow with the archive?

    python tests/bench/sizes.py [--cases 100000] [--open 4000] [--on FOLDER]

Fills a database as `jiban seed city` does, or looks into one that is filled, and prints a table. Cleans up.
"""

import argparse
import sys
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from service.database import connect  # noqa: E402  # The path above comes first.
from service.embedded import EmbeddedServers  # noqa: E402
from tests.bench.rig import fill, own_folder  # noqa: E402

TABLES = """
SELECT c.relname, c.reltuples::bigint AS rows, pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS in_indexes
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = 'public' AND relkind = 'r' ORDER BY pg_total_relation_size(c.oid) DESC
"""
INDEXES = """
SELECT i.relname, pg_relation_size(i.oid) AS bytes, indpred IS NOT NULL AS is_partial
FROM pg_index x JOIN pg_class i ON i.oid = indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE nspname = 'public' ORDER BY pg_relation_size(i.oid) DESC
"""
SHOWN = 12


def table(connection: sa.Connection) -> list[str]:
    """Return what the tables and the largest indexes need, in all and for each case."""
    connection.execute(sa.text("ANALYZE"))
    cases = connection.scalar(sa.text("SELECT count(*) FROM cases")) or 1
    rows = connection.execute(sa.text(TABLES)).all()
    lines = [f"{cases:,} cases", "| table | rows | MB | of it in indexes | bytes a case |", "|---|---|---|---|---|"]
    for one in rows[:SHOWN]:
        whole = one.bytes + one.in_indexes
        cells = (f"{one.rows:,}", f"{whole / 2**20:,.0f}", f"{one.in_indexes / 2**20:,.0f}", f"{whole / cases:,.0f}")
        lines.append(f"| {one.relname} | {' | '.join(cells)} |")
    whole = sum(one.bytes + one.in_indexes for one in rows)
    lines.append(f"| all {len(rows)} | | {whole / 2**20:,.0f} | | {whole / cases:,.0f} |")
    lines += ["", "| index | MB | bytes a case | of some rows only |", "|---|---|---|---|"]
    indexes = connection.execute(sa.text(INDEXES)).all()
    for one in indexes[:SHOWN]:
        only = "yes" if one.is_partial else ""
        lines.append(f"| {one.relname} | {one.bytes / 2**20:,.0f} | {one.bytes / cases:,.0f} | {only} |")
    partial = sum(one.bytes for one in indexes if one.is_partial)
    return [
        *lines,
        "",
        f"all indexes of some rows only: {partial / 2**20:,.0f} MB, {partial / cases:,.0f} bytes a case",
    ]


def main() -> None:
    """Fill where nothing is named, look, and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--open", type=int, default=4_000)
    asked.add_argument("--on", type=Path, help="A folder that is filled already.")
    options = asked.parse_args()
    with own_folder("sizes") as own:
        folder = options.on or own
        if not options.on:
            fill(folder, options.cases, options.open)
        with EmbeddedServers(folder / "data") as servers:
            engine = connect(servers.database_url, pool_size=1)
            with engine.connect() as connection:
                print("\n".join(table(connection)))
            engine.dispose()


if __name__ == "__main__":
    main()

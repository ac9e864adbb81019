"""How does the demo's county come about before a round? Written once for each moment, then copied.

`python -m tests.faults.storm.county ISO [month]` writes into the database that the settings name. A short round has no
time for the county's month of cases.
"""

import os
import subprocess
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from service.cli.preparing import prepare
from service.embedded.servers import EmbeddedServers
from tests.journeys.conftest import ROOT

MONTH = "month"


def lay_county(kept: Path, data_dir: Path, at: datetime, *, with_month: bool) -> None:
    """Put the county, as it stands at a moment, into a new folder of data; `kept` keeps a copy for the next round."""
    form = [at.isoformat(), *([MONTH] if with_month else [])]
    county = kept / "-".join(form)
    if not county.exists():
        with EmbeddedServers(data_dir) as servers:
            subprocess.run(
                [sys.executable, "-m", "tests.faults.storm.county", *form],
                cwd=ROOT, env=os.environ | servers.environment | {"JIBAN_DEMO": "true"}, check=True,
            )  # fmt: skip
        _copy(data_dir, county)
    else:
        _copy(county, data_dir)


def _copy(folder: Path, to: Path) -> None:
    """Copy a folder whose files belong to the servers' own user where root plays."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


if __name__ == "__main__":
    with nullcontext() if MONTH in sys.argv[2:] else patch("service.demo.live_a_month"):
        prepare(demo=True, at=datetime.fromisoformat(sys.argv[1]), speed=1.0)

"""How does the demo's county come about without its month of cases? `python -m tests.faults.storm.county ISO`

Writes into the database that the settings name. A short round has no time for the month.
"""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from service.cli.preparing import prepare
from service.embedded.servers import EmbeddedServers
from tests.journeys.conftest import ROOT


def write_county(data_dir: Path, at: datetime) -> None:
    """Write the county into a new folder of data, as it stands at a moment."""
    with EmbeddedServers(data_dir) as servers:
        subprocess.run(
            [sys.executable, "-m", "tests.faults.storm.county", at.isoformat()],
            cwd=ROOT, env=os.environ | servers.environment | {"JIBAN_DEMO": "true"}, check=True,
        )  # fmt: skip


if __name__ == "__main__":
    with patch("service.demo.live_a_month"):
        prepare(demo=True, at=datetime.fromisoformat(sys.argv[1]), speed=1.0)

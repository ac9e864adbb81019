"""The log on a disk that is full."""

import os
import subprocess
import sys

import pytest

SAYS = """
from service.logs import configure_logging
import structlog
configure_logging("INFO")
structlog.get_logger("x").warning("lost")
structlog.get_logger("x").exception("lost too")
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")  # noqa: PTH110
def test_a_line_that_cannot_be_written_stops_nobody() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-u", "-c", SAYS + "open('/dev/stderr', 'w').write('went on')"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.stderr.startswith("went on"), done.stderr

"""The benches run, and nothing that was acknowledged is lost while they do; how long it takes is not judged here."""

import subprocess
import sys

from tests.bench.rig import ROOT


def test_the_benches_run_and_lose_nothing() -> None:
    run = [sys.executable, "-m", "tests.bench", "--smoke"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "| search by words |" in done.stdout
    assert done.stdout.count("all there") == 2, "of the intake and of the storm"

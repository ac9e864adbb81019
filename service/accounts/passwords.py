"""How is a password stored and compared?"""

import secrets
import threading
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

NO_PASSWORD = "!"  # noqa: S105  # What stands for a hash that no password fits.

# The first recommendation of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
_AT_ONCE = threading.BoundedSemaphore(4)
"""So many passwords are worked on at the same time: a flood of sign-ins must not eat the memory."""


def hashed(password: str) -> str:
    """Return the argon2id hash to store."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Is it the password, and is there a newer hash of it to store?

    When nobody has the login (None) or they have no password ("!"), it takes the time of a wrong one.
    """
    has_one = stored is not None and stored != NO_PASSWORD
    with _AT_ONCE:
        is_right, renewed = _HASHER.verify_and_update(password, stored if has_one and stored else _nobodys())
    return is_right and has_one, renewed


@lru_cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))

"""What does this installation need to be told? Read once from the environment, checked, never changed."""

import base64
import binascii
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KEY_BYTES = 32


def _is_a_key(value: SecretStr) -> SecretStr:
    """Accept only a secret of exactly 32 bytes in URL-safe base64."""
    try:
        size = len(base64.urlsafe_b64decode(value.get_secret_value()))
    except (binascii.Error, ValueError) as why:
        raise ValueError("must be 32 random bytes in URL-safe base64") from why
    if size != KEY_BYTES:
        raise ValueError(f"must be 32 random bytes in URL-safe base64, not {size}")
    return value


Key = Annotated[SecretStr, AfterValidator(_is_a_key)]

TILE_PARTS = ("{z}", "{x}", "{y}")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")


def _is_of_tiles(value: str) -> str:
    """Accept the address of map tiles: on one host, which the pages may then ask."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        raise ValueError("must be like https://tiles.example.org/{z}/{x}/{y}.png, on one host and without a sign-in")
    if any(part not in value for part in TILE_PARTS) or re.search(r"[\s;,\"'<>\\]", value):
        raise ValueError("must name {z}, {x} and {y}, and hold no spaces, quotes, commas or semicolons")
    return value


Tiles = Annotated[str, AfterValidator(_is_of_tiles)]


class Settings(BaseSettings):
    """The settings of one process; each is an environment variable with the prefix JIBAN_."""

    model_config = SettingsConfigDict(env_prefix="JIBAN_", extra="ignore")

    database_url: str
    redis_url: str
    data_dir: Path = Path(".jiban")
    encryption_key: Key
    """Encrypts contact data at rest (AES-256-GCM). Losing it loses the contacts."""
    index_key: Key
    """Keys the blind index, the hashes of tracking codes and of tokens."""
    public_url: str = "http://127.0.0.1:8000"
    policies_dir: Path | None = None
    """A folder with policies/ and calendars/ instead of the packaged ones."""
    policy_pack: str = "national"
    """The promise pack of new cases: a name from policies/, packaged are beijing, national, shandong and shanghai."""
    secure_cookies: bool = False
    demo: bool = False
    """Shows the demo sign-ins on the sign-in page."""
    smtp_url: str | None = None
    """smtp://user:password@host:port, or smtps://…; without it mail is written to the log channel only."""
    mail_from: str = "jiban@localhost"
    internal_hosts: str = ""
    """Hosts inside the house that webhooks and Apprise may call: "10.0.0.5, hooks.local:8443"; all others may not."""
    map_tiles: Tiles | None = None
    """Where maps get their ground from: https://tiles.example.org/{z}/{x}/{y}.png; None: only boundaries are drawn."""
    map_attribution: Annotated[str, Field(max_length=200, validate_default=True)] = ""
    """Whose tiles they are, as their licence wants it told."""
    map_datum: Literal["wgs84", "gcj02"] = "wgs84"
    """What the tiles are drawn in: those of Chinese providers in gcj02."""
    pool_size: int = 10
    prepares_statements: bool = True
    """False behind a pooler that gives each transaction another connection: PgBouncer before its version 1.21."""
    log_level: str = "INFO"

    @field_validator("map_attribution")
    @classmethod
    def _tells_whose_tiles(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("map_tiles") and not value.strip():
            raise ValueError("must say whose map it is where JIBAN_MAP_TILES is set")
        return value.strip()

    @property
    def map_host(self) -> str:
        """Return the one host besides our own that pages with a map may ask, or ""."""
        parts = urlsplit(self.map_tiles or "")
        return f"{parts.scheme}://{parts.netloc}" if self.map_tiles else ""


class SettingsInvalidError(Exception):
    """A setting is missing or wrong; the message is a sentence for the person who starts the process."""


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process.

    Errors: SettingsInvalidError, naming each variable and what is wrong with it.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # pydantic-settings fills the arguments from the environment
    except ValidationError as wrong:
        lines = [f"JIBAN_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in wrong.errors()]
        raise SettingsInvalidError("Settings are missing or wrong:\n  " + "\n  ".join(lines)) from wrong

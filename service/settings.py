"""What does this installation need to be told? Read once from the environment, checked, never changed."""

import base64
import binascii
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr, ValidationError
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
    pool_size: int = 10
    log_level: str = "INFO"


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

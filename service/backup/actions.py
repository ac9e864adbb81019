"""How is everything written into one archive while the product runs, and how does it come back?"""

import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from service.attachments.storage import Storage, storage_in
from service.backup import database
from service.backup.archive import ATTACHMENTS, DATABASE, Manifest, content, each_attachment, opened, written
from service.embedded.trouble import CannotRunError
from service.migrations.run import config
from service.settings import Settings

MARKED = b"jiban archive"


def back_up(settings: Settings, target: Path, now: datetime) -> Manifest:
    """Write everything that is committed now into one new file; the product works on meanwhile.

    1. hold a moment of the database; 2. dump it as of that moment; 3. add the attachments that its rows name, which
    were stored before their rows and never change; 4. seal it. Errors: CannotRunError when it cannot be written.
    """
    if target.exists():
        raise CannotRunError(f"{target} is there already, and no archive is ever overwritten. Name another file.")
    try:
        with (
            database.snapshot(settings.database_url) as moment,
            tempfile.TemporaryDirectory(prefix=".jiban-", dir=target.parent) as room,
            written(target) as archive,
        ):
            script = Path(room) / DATABASE
            database.dump(settings.database_url, moment, script)
            archive.add_file(DATABASE, script)
            kept, missing = [], []
            storage = _storage(settings)
            for name in moment.attachments:
                try:
                    archive.add(ATTACHMENTS + name, storage.get(name))
                    kept.append(name)
                except (OSError, ValueError):
                    missing.append(name)
            made_at = now.astimezone(UTC).isoformat(timespec="seconds")
            made = Manifest(made_at, moment.schema, moment.server, moment.rows, key_marks(settings), kept, missing)
            archive.finish(made)
    except OSError as why:
        raise CannotRunError(f"The archive {target} cannot be written: {why.strerror}.") from why
    return made


def restore(
    settings: Settings, source: Path, *, replace: bool, other_keys: bool, migrate: Callable[[], None]
) -> Manifest:
    """Put everything of an archive in place of what is there; all of it, or nothing is changed.

    1. read the archive once, to see that it is whole; 2. refuse a newer schema, other keys, and a database that holds
    something, unless told; 3. store the attachments: named by their content, they replace nothing; 4. replace the
    database in one transaction; 5. bring an older schema to the newest. Errors: CannotRunError.
    """
    with opened(source) as (tar, manifest):
        _check_schema(source, manifest)
        if not other_keys and manifest.keys != key_marks(settings):
            raise CannotRunError(
                f"{source} was written with other keys, and with the present ones its contacts and tracking codes"
                " cannot be read. Put the keys of that time back (secrets.json of the data folder, or"
                " JIBAN_ENCRYPTION_KEY and JIBAN_INDEX_KEY), or restore the rest with --other-keys."
            )
        if not database.is_empty(settings.database_url) and not replace:
            raise CannotRunError("The database is not empty. What is in it would be lost; if it may be, say --replace.")
        storage, owner = _storage(settings), _owner(settings.data_dir)
        each_attachment(tar, lambda name, bytes_: _store(storage, name, bytes_, owner))
        database.load(settings.database_url, content(tar, DATABASE), manifest.rows)
    migrate()
    return manifest


def key_marks(settings: Settings) -> dict[str, str]:
    """Return what tells these keys from others; 64 bits of an HMAC under a random key give nothing of it away."""
    keys = {"encryption": settings.encryption_key, "index": settings.index_key}
    return {
        name: hmac.new(key.get_secret_value().encode(), MARKED, hashlib.sha256).hexdigest()[:16]
        for name, key in keys.items()
    }


def _check_schema(source: Path, manifest: Manifest) -> None:
    try:
        ScriptDirectory.from_config(config()).get_revision(manifest.schema)
    except CommandError as why:
        raise CannotRunError(
            f"{source} comes from a newer version of Jiban: its tables ({manifest.schema}) are not known here."
            " Install that version, and restore it there."
        ) from why


def _storage(settings: Settings) -> Storage:
    return storage_in(settings.data_dir)


def _store(storage: Storage, name: str, content: bytes, owner: tuple[int, int] | None) -> None:
    try:
        if storage.put(content) != name:
            raise CannotRunError(f"The attachment {name} of the archive is not what its name says.")
        if owner is not None:
            for path in (storage.folder, storage.path(name).parent, storage.path(name)):
                os.chown(path, *owner)
    except OSError as why:
        raise CannotRunError(f"The attachments cannot be stored in {storage.folder}: {why.strerror}.") from why


def _owner(data_dir: Path) -> tuple[int, int] | None:
    """Return whom the attachments belong to, where root restores for the user that the product runs as."""
    there = data_dir / "attachments"
    if os.geteuid() != 0 or not there.exists():
        return None
    found = there.stat()
    return found.st_uid, found.st_gid

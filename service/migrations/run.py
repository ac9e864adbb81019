"""How does a database reach today's tables? Every migration that it lacks, one process at a time."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

LOCK = 0x6D696772  # "migr" in ASCII: two processes that migrate at once take turns.


def migrate(engine: sa.Engine) -> None:
    """Bring the database to the newest migration. Harmless when it is there already."""
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
        connection.commit()
        try:
            command.upgrade(config(connection), "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
            connection.commit()


def is_current(connection: sa.Connection) -> bool:
    """Has every migration been applied?"""
    return MigrationContext.configure(connection).get_current_revision() == newest()


def newest() -> str | None:
    """Return the newest migration there is."""
    return ScriptDirectory.from_config(config()).get_current_head()


def config(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration, in code: there is no ini file."""
    built = Config()
    built.set_main_option("script_location", str(Path(__file__).parent))
    built.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    built.attributes["connection"] = connection
    return built

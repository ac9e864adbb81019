"""Can the tables of comparisons and policy migrations be added and removed again?"""

import sqlalchemy as sa
from alembic import command

from service.database import connect
from service.embedded import EmbeddedServers
from service.migrations.run import config, migrate

BEFORE = "5c7d20f4e9b1"
TABLES = {"policy_what_ifs", "policy_migrations", "policy_migration_cases"}


def test_the_tables_come_and_go(servers: EmbeddedServers) -> None:
    server = connect(servers.database_url)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CREATE DATABASE up_and_down"))
    engine = connect(
        sa.make_url(servers.database_url).set(database="up_and_down").render_as_string(hide_password=False)
    )
    try:
        migrate(engine)
        assert set(sa.inspect(engine).get_table_names()) >= TABLES
        with engine.begin() as connection:
            command.downgrade(config(connection), BEFORE)
        assert not TABLES & set(sa.inspect(engine).get_table_names())
        migrate(engine)
        assert set(sa.inspect(engine).get_table_names()) >= TABLES
    finally:
        engine.dispose()
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("DROP DATABASE up_and_down"))
        server.dispose()

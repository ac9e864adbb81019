"""How do migrations reach the database? Alembic's entry: it runs them on the connection it is handed."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from service.tables import metadata


def plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:  # noqa: ANN401
    """Write SQLModel's types as the plain ones they are, so that a migration does not depend on its version."""
    if kind == "type" and type(item).__module__.startswith("sqlmodel"):
        return "sa.DateTime(timezone=True)" if isinstance(item.impl, sa.DateTime) else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=True,
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()

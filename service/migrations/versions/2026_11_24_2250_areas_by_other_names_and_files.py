"""Areas have other names, special days and a duty desk, come from files, and change on a date."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d4e81f0a9b37"
down_revision = "d41e8a90c7b3"
branch_labels = None
depends_on = None

RAISE_VERSION = """
CREATE FUNCTION raise_areas_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE areas_version SET version = version + 1;
    RETURN NULL;
END
$$
"""
KINDS = ("rename", "move", "merge", "close")
STATES = ("planned", "applied", "failed", "dropped")


def _among(name: str, values: tuple[str, ...], column: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(column, kind, nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.add_column("areas", sa.Column("special_days", sa.String(), server_default="", nullable=False))
    op.add_column("areas", sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("areas", sa.Column("duty_area_id", sa.BigInteger(), nullable=True))
    op.add_column("areas", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_foreign_key(op.f("fk_areas_duty_area_id"), "areas", "areas", ["duty_area_id"], ["id"])
    op.create_table(
        "areas_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_areas_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas_version")),
    )
    op.execute("INSERT INTO areas_version (id, version) VALUES (1, 1)")
    op.execute(RAISE_VERSION)
    op.execute(
        "CREATE TRIGGER areas_own_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON areas "
        "FOR EACH STATEMENT EXECUTE FUNCTION raise_areas_version()"
    )
    op.create_table(
        "area_files",
        _id(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _among("datum", ("wgs84", "gcj02"), "datum"),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        _points("area_files", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_files")),
    )
    op.create_table(
        "area_changes",
        _id(),
        _among("changekind", KINDS, "kind"),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        _among("changestate", STATES, "state"),
        sa.Column("effect", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        _points("area_changes", "area_id", "areas"),
        _points("area_changes", "target_id", "areas"),
        _points("area_changes", "by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_changes")),
    )
    op.create_index(op.f("ix_area_changes_area_id"), "area_changes", ["area_id"])
    op.create_index(
        "ix_area_changes_planned", "area_changes", ["effective_on"], postgresql_where=sa.text("state = 'planned'")
    )


def downgrade() -> None:
    op.drop_table("area_changes")
    op.drop_table("area_files")
    op.execute("DROP TRIGGER areas_own_version ON areas")
    op.execute("DROP FUNCTION raise_areas_version")
    op.drop_table("areas_version")
    op.drop_constraint(op.f("fk_areas_duty_area_id"), "areas", type_="foreignkey")
    for column in ("closed_on", "duty_area_id", "aliases", "special_days"):
        op.drop_column("areas", column)

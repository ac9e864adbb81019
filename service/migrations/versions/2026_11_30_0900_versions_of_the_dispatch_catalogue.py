"""The dispatch catalogue has versions with effective dates, conditions of time, and proposals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7c40d92e6a1"
down_revision = "e91b5d3c7a40"
branch_labels = None
depends_on = None

LEVELS = ("county", "subdistrict", "community", "grid")
ROLES = ("worker", "head", "triage", "supervisor", "district", "admin")
LISTS = ("channels", "focus_groups", "grades")
TELL = """
CREATE FUNCTION raise_directory_version_for_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM touched JOIN rule_versions v ON v.id = touched.version_id WHERE v.state = 'published') THEN
        UPDATE directory_version SET version = version + 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER routing_rules_added AFTER INSERT ON routing_rules REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version_for_published();
CREATE TRIGGER routing_rules_changed AFTER UPDATE ON routing_rules REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version_for_published();
CREATE TRIGGER routing_rules_removed AFTER DELETE ON routing_rules REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version_for_published();
CREATE TRIGGER rule_versions_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rule_versions
FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version();
"""
"""Whoever writes a draft makes nobody read the directory again."""


def upgrade() -> None:
    versions()
    lines()
    proposals()
    op.add_column("routing_decisions", sa.Column("rule_version", sa.BigInteger(), nullable=True))
    op.create_index("ix_routing_decisions_at", "routing_decisions", ["at"], postgresql_using="brin")
    op.execute("DROP TRIGGER routing_rules_version ON routing_rules")
    op.execute(TELL)


def versions() -> None:
    states = sa.CheckConstraint(
        "state IN ('draft', 'published', 'superseded', 'dropped')", name=op.f("ck_rule_versions_versionstate")
    )
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("based_on_id", sa.BigInteger(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by_id", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.BigInteger(), nullable=True),
        states,
        sa.CheckConstraint("state <> 'published' OR effective_at IS NOT NULL", name=op.f("ck_rule_versions_effective")),
        sa.ForeignKeyConstraint(["based_on_id"], ["rule_versions.id"], name=op.f("fk_rule_versions_based_on_id")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["people.id"], name=op.f("fk_rule_versions_begun_by_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["people.id"], name=op.f("fk_rule_versions_published_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
    )
    op.create_index(
        "uq_rule_versions_draft", "rule_versions", ["state"], unique=True, postgresql_where=sa.text("state = 'draft'")
    )
    op.execute(
        "INSERT INTO rule_versions (state, effective_at, reason, changes, begun_at)"
        " VALUES ('published', '2000-01-01Z', '', '{}', '2000-01-01Z')"
    )


def lines() -> None:
    op.execute("CREATE SEQUENCE routing_lines")
    op.add_column("routing_rules", sa.Column("version_id", sa.BigInteger(), nullable=False, server_default="1"))
    op.alter_column("routing_rules", "version_id", server_default=None)
    op.create_foreign_key(op.f("fk_routing_rules_version_id"), "routing_rules", "rule_versions", ["version_id"], ["id"])
    op.add_column("routing_rules", sa.Column("line", sa.BigInteger(), nullable=True))
    op.execute("UPDATE routing_rules SET line = id")
    op.execute("SELECT setval('routing_lines', coalesce((SELECT max(id) FROM routing_rules), 0) + 1, false)")
    op.alter_column(
        "routing_rules", "line", nullable=False, server_default=sa.text("nextval('routing_lines'::regclass)")
    )
    op.add_column("routing_rules", sa.Column("hours", sa.String(), nullable=False, server_default=""))
    for name in LISTS:
        kind = postgresql.ARRAY(sa.Text())
        op.add_column("routing_rules", sa.Column(name, kind, nullable=False, server_default="{}"))
    op.add_column("routing_rules", sa.Column("is_pool", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("routing_rules", sa.Column("party", sa.String(), nullable=False, server_default=""))
    op.drop_constraint("uq_routing_rules_position", "routing_rules")
    op.create_unique_constraint(
        op.f("uq_routing_rules_version_id_position"),
        "routing_rules",
        ["version_id", "position"],
        deferrable=True,
        initially="IMMEDIATE",
    )
    op.create_unique_constraint(op.f("uq_routing_rules_version_id_line"), "routing_rules", ["version_id", "line"])


def proposals() -> None:
    def one_of(column: str, values: tuple[str, ...], name: str) -> sa.CheckConstraint:
        said = ", ".join(f"'{value}'" for value in values)
        return sa.CheckConstraint(f"{column} IN ({said})", name=op.f(f"ck_rule_proposals_{name}"))

    op.create_table(
        "rule_proposals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("category_code", sa.String(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("target_level", sa.String(length=32), nullable=True),
        sa.Column("target_area_id", sa.BigInteger(), nullable=True),
        sa.Column("target_role", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        one_of("target_level", LEVELS, "arealevel"),
        one_of("target_role", ROLES, "role"),
        one_of("state", ("waiting", "approved", "refused"), "proposalstate"),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_rule_proposals_area_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_rule_proposals_asked_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rule_proposals_case_id")),
        sa.ForeignKeyConstraint(["category_code"], ["categories.code"], name=op.f("fk_rule_proposals_category_code")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_rule_proposals_decided_by_id")),
        sa.ForeignKeyConstraint(["target_area_id"], ["areas.id"], name=op.f("fk_rule_proposals_target_area_id")),
        sa.ForeignKeyConstraint(["version_id"], ["rule_versions.id"], name=op.f("fk_rule_proposals_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_proposals")),
    )
    op.create_index(op.f("ix_rule_proposals_case_id"), "rule_proposals", ["case_id"])
    op.create_index(
        "uq_rule_proposals_waiting",
        "rule_proposals",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    # Only the lines of the version in force are left; one table is all that the older tables know.
    for name in ("added", "changed", "removed"):
        op.execute(f"DROP TRIGGER routing_rules_{name} ON routing_rules")
    op.drop_index("ix_routing_decisions_at", table_name="routing_decisions")
    op.drop_column("routing_decisions", "rule_version")
    op.drop_table("rule_proposals")
    op.execute(
        "DELETE FROM routing_rules WHERE version_id <> (SELECT id FROM rule_versions"
        " WHERE state IN ('published', 'superseded') AND effective_at <= now()"
        " ORDER BY effective_at DESC, id DESC LIMIT 1)"
    )
    op.drop_constraint("uq_routing_rules_version_id_position", "routing_rules")
    op.drop_constraint("uq_routing_rules_version_id_line", "routing_rules")
    op.create_unique_constraint("uq_routing_rules_position", "routing_rules", ["position"])
    for name in ("version_id", "line", "hours", *LISTS, "is_pool", "party"):
        op.drop_column("routing_rules", name)
    op.drop_table("rule_versions")
    op.execute("DROP SEQUENCE routing_lines")
    op.execute("DROP FUNCTION raise_directory_version_for_published")
    op.execute(
        "CREATE TRIGGER routing_rules_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routing_rules"
        " FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
    )

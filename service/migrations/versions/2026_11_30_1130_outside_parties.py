"""Outside parties, what they are asked to do on cases, and notices to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "f4b8a2d61c93"
down_revision = "b7c40d92e6a1"
branch_labels = None
depends_on = None

KINDS = ("volunteers", "social", "members", "property", "purchased")
STATES = ("open", "taken", "reported", "approved", "refused", "withdrawn", "lapsed")


def upgrade() -> None:
    _parties()
    _jobs()
    op.add_column("notices", sa.Column("party_id", sa.BigInteger(), nullable=True))
    op.add_column("notices", sa.Column("phone", sa.LargeBinary(), nullable=True))
    op.create_foreign_key(op.f("fk_notices_party_id"), "notices", "parties", ["party_id"], ["id"])


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE party_id IS NOT NULL OR template LIKE 'job\\_%'")
    op.drop_constraint(op.f("fk_notices_party_id"), "notices", type_="foreignkey")
    op.drop_column("notices", "phone")
    op.drop_column("notices", "party_id")
    op.drop_table("party_jobs")
    op.drop_table("parties")


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="partykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("contact_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("phone_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("email_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("area_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.Column("minder_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_parties_language")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_parties_period")),
        sa.CheckConstraint(
            "phone_encrypted IS NOT NULL OR email_encrypted IS NOT NULL", name=op.f("ck_parties_reachable")
        ),
        sa.ForeignKeyConstraint(["minder_id"], ["people.id"], name=op.f("fk_parties_minder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
        sa.UniqueConstraint("name", name=op.f("uq_parties_name")),
    )


def _jobs() -> None:
    op.create_table(
        "party_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="jobstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("photos", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by_id", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_photos", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.Column("costs", postgresql.JSONB(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("link_serial", sa.Integer(), nullable=False),
        sa.Column("link_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_party_jobs_case_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["people.id"], name=op.f("fk_party_jobs_given_by_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_party_jobs_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_jobs")),
    )
    op.create_index("ix_party_jobs_case_id", "party_jobs", ["case_id"])
    op.create_index("ix_party_jobs_party_id", "party_jobs", ["party_id", "given_at"])
    op.create_index(
        "ix_party_jobs_unsettled",
        "party_jobs",
        ["case_id"],
        postgresql_where=sa.text("state IN ('open', 'taken', 'reported')"),
    )
    op.create_index(
        "ix_party_jobs_untold",
        "party_jobs",
        ["due_at"],
        postgresql_where=sa.text("state IN ('open', 'taken') AND late_told_at IS NULL"),
    )

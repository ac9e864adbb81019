"""Notices take one of several channels, are gathered into digests, and keep what was tried."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7c2d94e15f0"
down_revision = "b27f40d9e6a1"
branch_labels = None
depends_on = None

STATES = ("waiting", "sent", "gathered", "given_up", "dropped", "set_aside", "unwanted", "let_go")
KINDS = ("log", "mail", "webhook", "apprise")
NEW_STATES = {"gathered": "sent", "unwanted": "given_up", "let_go": "given_up", "set_aside": "given_up"}


def _among(column: str, values: tuple[str, ...]) -> str:
    quoted = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({quoted})"


def _renew(table: str, name: str, column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, _among(column, values))


def _kind(name: str = "kind") -> sa.Column[str]:
    kinds = sa.Enum(*KINDS, name="channel", native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kinds, nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.create_table(
        "channels",
        _id(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        _kind(),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("is_usual", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
    )
    digests = sa.Enum("at_once", "hourly", "daily", name="digest", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "notice_wishes",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("digest", digests, nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_to", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notice_wishes_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notice_wishes")),
    )
    op.create_table(
        "unsubscribed",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_unsubscribed_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_unsubscribed")),
    )
    op.create_table(
        "caught",
        _id(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _kind(),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("headers", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught")),
    )
    _renew("notices", "noticestate", "state", STATES)
    _renew("notices", "channel", "channel", KINDS)
    op.add_column("notices", sa.Column("channel_id", sa.BigInteger(), nullable=True))
    op.add_column("notices", sa.Column("attempts", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.alter_column("notices", "attempts", server_default=None)
    op.add_column("notices", sa.Column("digest_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_notices_channel_id"), "notices", "channels", ["channel_id"], ["id"])
    op.create_foreign_key(op.f("fk_notices_digest_id"), "notices", "notices", ["digest_id"], ["id"])
    op.create_index(
        "ix_notices_told", "notices", ["person_id", "created_at"], postgresql_where=sa.text("person_id IS NOT NULL")
    )
    op.create_index(
        "ix_notices_failed", "notices", ["id"], postgresql_where=sa.text("state IN ('set_aside', 'given_up')")
    )
    op.create_index("ix_notices_digest_id", "notices", ["digest_id"], postgresql_where=sa.text("digest_id IS NOT NULL"))


def downgrade() -> None:
    for index in ("digest_id", "failed", "told"):
        op.drop_index(f"ix_notices_{index}", "notices")
    for name in ("digest_id", "channel_id"):
        op.drop_constraint(op.f(f"fk_notices_{name}"), "notices", type_="foreignkey")
    for name in ("digest_id", "attempts", "channel_id"):
        op.drop_column("notices", name)
    for new, old in NEW_STATES.items():
        op.execute(sa.text("UPDATE notices SET state = :old WHERE state = :new").bindparams(old=old, new=new))
    op.execute("UPDATE notices SET channel = 'log' WHERE channel IN ('webhook', 'apprise')")
    _renew("notices", "channel", "channel", ("log", "mail"))
    _renew("notices", "noticestate", "state", ("waiting", "sent", "given_up", "dropped"))
    for table in ("caught", "unsubscribed", "notice_wishes", "channels"):
        op.drop_table(table)

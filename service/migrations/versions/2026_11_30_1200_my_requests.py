"""Residents find all their requests by proving that an address is theirs.

Requests sent before are found by their telephone number only: what mail address they came with is encrypted.
"""

import sqlalchemy as sa
from alembic import op

revision = "5d2a91c07e3f"
down_revision = "f4b8a2d61c93"
branch_labels = None
depends_on = None

HAS_MAIL = sa.text("mail_index IS NOT NULL")


def upgrade() -> None:
    op.add_column("cases", sa.Column("mail_index", sa.LargeBinary(), nullable=True))
    op.create_index("ix_cases_mail_index", "cases", ["mail_index"], postgresql_where=HAS_MAIL)
    op.create_table(
        "address_proofs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_proofs")),
    )
    op.create_index("ix_address_proofs_address_index", "address_proofs", ["address_index", "until"])


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE template = 'mine'")
    op.drop_table("address_proofs")
    op.drop_index("ix_cases_mail_index", "cases")
    op.drop_column("cases", "mail_index")

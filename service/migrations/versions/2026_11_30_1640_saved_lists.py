"""Lists of the board are saved under a name, and what is saved may have a name in English."""

import sqlalchemy as sa
from alembic import op

revision = "e6a90c3d17f4"
down_revision = "d41b7f2c90ae"
branch_labels = None
depends_on = None

WHICH = ("breached", "soon", "unacknowledged", "unassigned", "open")


def upgrade() -> None:
    op.create_table(
        "saved_lists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column(
            "which", sa.Enum(*WHICH, name="which", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("is_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_saved_lists_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_lists_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_lists")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_lists_person_id_name")),
    )
    op.add_column("saved_filters", sa.Column("name_en", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("saved_filters", "name_en")
    op.drop_table("saved_lists")

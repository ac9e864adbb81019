"""The rows of proofs that an address is somebody's."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class AddressProof(SQLModel, table=True):
    """Somebody asked to see the requests of an address; a code and a link were sent there. All in real time."""

    __tablename__ = "address_proofs"
    __table_args__ = (sa.Index("ix_address_proofs_address_index", "address_index", "until"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    address_index: bytes
    """The blind index of the address: it is found by it, and not read from it."""
    asked_at: datetime
    until: datetime
    used_at: datetime | None = None
    """It opens once."""

"""The rows of people, of their proofs of identity, of their duties, and of what was tried too often."""

from datetime import datetime, time

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.accounts.rules import AbsenceKind, DutyDays, Role
from service.database import text_enum


class Person(SQLModel, table=True):
    """Somebody who works here; a role at one place of the division, whose subtree they see."""

    __tablename__ = "people"
    __table_args__ = (
        sa.CheckConstraint("language IN ('zh', 'en')", name="language"),
        sa.CheckConstraint("capacity >= 0", name="capacity"),
        sa.CheckConstraint("login = lower(login) AND login <> ''", name="login"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    login: str = Field(unique=True)
    name: str
    name_en: str = ""
    password_hash: str
    role: Role = Field(sa_type=text_enum(Role))
    area_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id", index=True)
    phone_encrypted: bytes | None = None
    email: str | None = None
    language: str = "zh"
    capacity: int = 20
    """Open cases that are a full load."""
    is_active: bool = True
    created_at: datetime


class SignInSession(SQLModel, table=True):
    """One browser that is signed in; only a keyed hash of its token is stored."""

    __tablename__ = "sign_in_sessions"

    token_hash: bytes = Field(primary_key=True)
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime = Field(index=True)


class PasswordLink(SQLModel, table=True):
    """The secret link by which somebody new chooses a password; only a keyed hash of it is stored."""

    __tablename__ = "password_links"

    person_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="people.id", sa_column_kwargs={"autoincrement": False}
    )
    token_hash: bytes = Field(unique=True)
    made_at: datetime
    expires_at: datetime


class ApiKey(SQLModel, table=True):
    """One program that acts for a person; only a keyed hash of the key is stored."""

    __tablename__ = "api_keys"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    name: str
    key_hash: bytes = Field(unique=True)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Attempt(SQLModel, table=True):
    """Something limited was tried: 'sign-in:192.0.2.7 li.qiang', 'sign-in-ip:…', 'code:20261123-00042-7'."""

    __tablename__ = "attempts"
    __table_args__ = (sa.Index(None, "subject", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    subject: str
    at: datetime


class Duty(SQLModel, table=True):
    """One weekly duty, in wall-clock time; `ends <= starts` means across midnight."""

    __tablename__ = "duties"
    __table_args__ = (
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.UniqueConstraint("person_id", "weekday", "starts", "days"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    weekday: int = Field(sa_type=sa.SmallInteger)
    """Monday is 0; the day on which the duty starts."""
    starts: time
    ends: time
    days: DutyDays = Field(
        default=DutyDays.EVERY, sa_type=text_enum(DutyDays), sa_column_kwargs={"server_default": DutyDays.EVERY.value}
    )


class Absence(SQLModel, table=True):
    """Somebody is away; the substitute, if any, stands in."""

    __tablename__ = "absences"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="order"),
        sa.CheckConstraint("substitute_id <> person_id", name="substitute"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    starts_at: datetime
    ends_at: datetime
    substitute_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    kind: AbsenceKind = Field(
        default=AbsenceKind.OTHER,
        sa_type=text_enum(AbsenceKind),
        sa_column_kwargs={"server_default": AbsenceKind.OTHER.value},
    )
    reason: str = ""

"""Was this form done before? One that carries a key is done once, however often and however late it is sent."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.errors import ServiceError
from service.handling.tables import DoneForm
from service.secrecy import token_hash

DONE_KEPT = timedelta(days=14)
"""Longer than a telephone keeps a form that it could not send: see static/offline/store.js."""
LEAST_KEY, MOST_KEY = 16, 200


class FormUsedError(ServiceError):
    """The key of the form came with other answers before."""

    status, code = 422, "form-used"
    sentence = "This form was sent before with other words. Open the page anew and send it from there."


def new_key() -> str:
    """Return the key of a form that is drawn now."""
    return secrets.token_urlsafe(16)


def key_of(key: str, by: Person) -> bytes | None:
    """Return under what a form is remembered, for this person alone; None for a key that is none."""
    return token_hash(f"form:{by.id}:{key}") if LEAST_KEY <= len(key) <= MOST_KEY else None


def body_of(path: str, answers: Mapping[str, str]) -> bytes:
    """Return what tells the answers of one form from those of another."""
    return hashlib.sha256(json.dumps([path, sorted(answers.items())]).encode()).digest()


def done_before(session: Session, key: bytes, body: bytes) -> DoneForm | None:
    """Return what became of the form, or None; whoever sends it at the same moment waits until this request ends.

    Errors: FormUsedError.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(key[:8], signed=True))))
    done = session.get(DoneForm, key, populate_existing=True)
    if done is not None and done.body_hash != body:
        raise FormUsedError
    return done


def forget_done_forms(session: Session, now: datetime) -> None:
    """Drop what no telephone sends any more."""
    session.execute(sa.delete(DoneForm).where(col(DoneForm.at) <= now - DONE_KEPT))

"""How does somebody prove that an address is theirs? A code and a link go there; either opens the list, once."""

import hmac
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.limits import limit, network_of, record_failure
from service.delivery.proofs import code_of, named_by
from service.mine.queries import is_known
from service.mine.rules import LASTS, WITHIN, Address, NoProofError, asking_limits, guessing_limits
from service.mine.tables import AddressProof
from service.outbox.actions import write
from service.outbox.messages import Recipient, mine
from service.secrecy import blind_index


def ask(session: Session, address: Address, *, language: str, ip: str, now: datetime, real: datetime) -> bytes:
    """Send a code and a link to the address, if any request was sent with it; return its blind index.

    Whoever asks learns nothing: all that differs is what arrives. `now` dates the notice, `real` limits and ends.
    Errors: TooManyTriesError.
    """
    index = blind_index(address.text)
    subjects = asking_limits(index, network_of(ip))
    for subject, most in subjects.items():
        limit(session, subject, most=most, within=WITHIN, now=real)
    record_failure(session, *subjects, now=real)
    if is_known(session, index):
        proof = AddressProof(address_index=index, asked_at=real, until=real + LASTS)
        session.add(proof)
        session.flush()
        to = Recipient(language, email=address.email or None, phone=address.phone or None)
        write(session, [mine(to, proof.id or 0)], None, now)
    return index


def enter_code(session: Session, index: bytes, code: str, *, ip: str, real: datetime) -> None:
    """Use up a code that was sent to the address with this index. Errors: NoProofError, TooManyTriesError."""
    subjects = guessing_limits(index, network_of(ip))
    for subject, most in subjects.items():
        limit(session, subject, most=most, within=WITHIN, now=real)
    waiting = select(AddressProof).where(AddressProof.address_index == index, *_counts(real)).with_for_update()
    typed = "".join(c for c in code if c.isdecimal())
    proofs = list(session.exec(waiting))
    fits = [p for p in proofs if hmac.compare_digest(code_of(p.id or 0).encode(), typed.encode())]
    if not fits:
        record_failure(session, *subjects, now=real)
        raise NoProofError
    _use(session, fits[0], real)


def follow_link(session: Session, token: str, *, real: datetime) -> bytes:
    """Use up a link and return the index of the address to which it was sent. Errors: NoProofError."""
    proof = session.exec(
        select(AddressProof).where(AddressProof.id == named_by(token), *_counts(real)).with_for_update()
    ).one_or_none()
    if proof is None:
        raise NoProofError
    _use(session, proof, real)
    return proof.address_index


def forget_proofs(session: Session, real: datetime) -> None:
    """Delete what counts no longer."""
    session.execute(sa.delete(AddressProof).where(col(AddressProof.until) < real))


def _counts(real: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return col(AddressProof.until) > real, col(AddressProof.used_at).is_(None)


def _use(session: Session, proof: AddressProof, real: datetime) -> None:
    proof.used_at = real
    session.add(proof)
    session.flush()

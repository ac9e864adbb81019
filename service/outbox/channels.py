"""How does a notice leave the house? A channel is a small class with one verb."""

import contextlib
import smtplib
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

import structlog

from service.outbox.reasons import Reason

log = structlog.get_logger("outbox")

SMTP_TIMEOUT_SECONDS = 10
PERMANENT = 500
"""SMTP answers from here on are final; those below ask to come back later."""
CLOSING = 421
"""The server takes nothing from anybody for now."""


class DeliveryFailedError(Exception):
    """A notice could not be delivered.

    `permanent`: trying this channel again cannot help; `is_away`: the channel did not answer, to nobody.
    """

    def __init__(self, why: str, *, permanent: bool = False, is_away: bool = False) -> None:
        super().__init__(why)
        self.permanent, self.is_away = permanent, is_away


def _failed(why: smtplib.SMTPException | OSError) -> DeliveryFailedError:
    """Return what a failed conversation means; every SMTPException is an OSError too, so ask for the answer first."""
    said = Reason.MAIL_BROKE_OFF.quoting(f"{type(why).__name__}: {why}")
    if isinstance(why, smtplib.SMTPResponseException):
        return DeliveryFailedError(said, permanent=why.smtp_code >= PERMANENT, is_away=why.smtp_code == CLOSING)
    # A line that breaks off costs one mail its try; one that falls silent holds up all that come after it.
    return DeliveryFailedError(said, is_away=isinstance(why, TimeoutError) or isinstance(why.__context__, TimeoutError))


def _answers(why: smtplib.SMTPRecipientsRefused) -> str:
    """Return what the server answered about each recipient; the address itself is known, and private."""
    return "; ".join(f"{code} {said.decode(errors='replace')}" for code, said in why.recipients.values())


class Transport(Protocol):
    """Anything that can deliver a notice."""

    def send(self, *, key: str, address: str, subject: str, body: str, unsubscribe: str = "") -> str:
        """Deliver and return the receipt, or raise DeliveryFailedError."""


class LogTransport:
    """Writes to the log that a notice stands on its reader's page; never its words, which may be private."""

    def send(self, *, key: str, address: str, subject: str, body: str, unsubscribe: str = "") -> str:  # noqa: ARG002
        """Log the key of the notice."""
        log.info("notice", key=key)
        return ""


def mail_of(*, key: str, sender: str, address: str, subject: str, body: str, unsubscribe: str = "") -> EmailMessage:
    """Return the mail; the key travels as Message-ID, so that a receiver can drop a second copy.

    It is quoted: at a colon, which keys have and a Message-ID may not, the rest would be cut off.
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, address, subject
    mail["Message-ID"] = f"<{quote(key, safe='')}@jiban>"
    mail["Auto-Submitted"] = "auto-generated"
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
    mail.set_content(body)
    return mail


class MailTransport:
    """Sends through an SMTP server."""

    def __init__(self, url: str, sender: str) -> None:
        self.server = urlsplit(url)
        self.sender = sender

    def send(self, *, key: str, address: str, subject: str, body: str, unsubscribe: str = "") -> str:
        """Send one mail."""
        try:
            mail = mail_of(
                key=key, sender=self.sender, address=address, subject=subject, body=body, unsubscribe=unsubscribe
            )
        except ValueError as why:
            raise DeliveryFailedError(Reason.NO_MAIL.quoting(why), permanent=True) from why
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError) as why:
            raise DeliveryFailedError(Reason.MAIL_AWAY.quoting(f"{type(why).__name__}: {why}"), is_away=True) from why
        try:
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as why:
            is_final = all(code >= PERMANENT for code, _ in why.recipients.values())
            raise DeliveryFailedError(Reason.MAIL_REFUSED.quoting(_answers(why)), permanent=is_final) from why
        except (smtplib.SMTPException, OSError) as why:
            raise _failed(why) from why
        finally:
            # The mail is accepted, or not: how the conversation ends changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        return Reason.TAKEN.quoting("SMTP 250")

    def _connect(self) -> smtplib.SMTP:
        host, port = self.server.hostname or "localhost", self.server.port or 25
        kind = smtplib.SMTP_SSL if self.server.scheme == "smtps" else smtplib.SMTP
        server = kind(host, port, timeout=SMTP_TIMEOUT_SECONDS)
        if self.server.username:
            server.login(unquote(self.server.username), unquote(self.server.password or ""))
        return server

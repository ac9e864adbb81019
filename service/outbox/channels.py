"""How does a notice leave the house? A channel is a small class with one verb."""

import smtplib
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

log = structlog.get_logger("outbox")

SMTP_TIMEOUT_SECONDS = 10


class DeliveryFailedError(Exception):
    """A notice could not be delivered; `permanent`: trying again cannot help."""

    def __init__(self, why: str, *, permanent: bool = False) -> None:
        super().__init__(why)
        self.permanent = permanent


class Transport(Protocol):
    """Anything that can deliver a notice."""

    def send(self, *, key: str, address: str, subject: str, body: str) -> None:
        """Deliver, or raise DeliveryFailedError."""


class LogTransport:
    """Writes to the log that a notice would have gone out; never its words, which may be private."""

    def send(self, *, key: str, address: str, subject: str, body: str) -> None:  # noqa: ARG002
        """Log the key of the notice."""
        log.info("notice", key=key)


class MailTransport:
    """Sends through an SMTP server; the key travels as Message-ID, so that a receiver can drop a second copy."""

    def __init__(self, url: str, sender: str) -> None:
        self.server = urlsplit(url)
        self.sender = sender

    def send(self, *, key: str, address: str, subject: str, body: str) -> None:
        """Send one mail."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, address, subject
        mail["Message-ID"] = f"<{key}@jiban>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(body)
        try:
            with self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as why:
            raise DeliveryFailedError(f"refused: {why}", permanent=True) from why
        except (smtplib.SMTPException, OSError) as why:
            raise DeliveryFailedError(f"{type(why).__name__}: {why}") from why

    def _connect(self) -> smtplib.SMTP:
        host, port = self.server.hostname or "localhost", self.server.port or 25
        kind = smtplib.SMTP_SSL if self.server.scheme == "smtps" else smtplib.SMTP
        server = kind(host, port, timeout=SMTP_TIMEOUT_SECONDS)
        if self.server.username:
            server.login(unquote(self.server.username), unquote(self.server.password or ""))
        return server

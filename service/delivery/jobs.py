"""How does one notice leave the house? A job holds everything that sending needs, so that it needs no database."""

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Protocol

import structlog

from service.database import transaction
from service.delivery.addresses import allowed_hosts
from service.delivery.changes import keep_caught
from service.delivery.postman import Postman
from service.delivery.webhook import Webhook
from service.outbox.channels import DeliveryFailedError, LogTransport, MailTransport, mail_of
from service.outbox.reasons import Reason
from service.outbox.rules import Channel
from service.outbox.tables import Caught
from service.settings import Settings

LANES = 8
"""So many channels are used at once; within one, notices go one after the other."""
LANE_LASTS = 15.0
"""Seconds after which a channel's other notices are left to the next batch."""
FIRST_REST, LONGEST_REST = 15.0, 600.0
"""Real seconds for which a channel that did not answer is not asked again."""

log = structlog.get_logger("outbox")


@dataclass(frozen=True)
class Job:
    """One notice to be sent by one channel."""

    notice_id: int
    tries: int
    """How often it has been begun, this time included: whoever finds another number must not record."""
    key: str
    channel: str
    """The channel's key."""
    kind: Channel
    address: str
    secret: str
    subject: str
    body: str
    unsubscribe: str
    said: dict[str, str] = field(default_factory=dict)
    """What a webhook tells beside subject and body."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job; `failure` "" is success.

    `was_tried` False: it is to be begun again, in `rests` seconds of real time when its channel is left alone.
    """

    job: Job
    receipt: str = ""
    failure: str = ""
    permanent: bool = False
    was_tried: bool = True
    rests: float = 0.0


class Sender(Protocol):
    """What sends one job and returns the receipt, or raises DeliveryFailedError."""

    def __call__(self, job: Job, postman: Postman) -> str: ...  # noqa: D102  # The class says it.


class Resting:
    """Which channels did not answer lately, as this process has seen them; one that hangs may not hold up others."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[int, float]] = {}

    def seconds_left(self, channel: str) -> float:
        """Return for how long the channel is left alone from now on; 0.0: it may be asked."""
        return max(0.0, self._until.get(channel, (0, 0.0))[1] - time.monotonic())

    def note(self, channel: str, *, is_away: bool) -> None:
        """Remember that a channel answered, or that it did not."""
        if not is_away:
            self._until.pop(channel, None)
            return
        times = self._until.get(channel, (0, 0.0))[0] + 1
        self._until[channel] = (times, time.monotonic() + min(FIRST_REST * float(2 ** (times - 1)), LONGEST_REST))


def send_all(jobs: Iterable[Job], send: Sender, resting: Resting, *, internal_hosts: str = "") -> list[Outcome]:
    """Send jobs, each channel in a lane of its own, so that one that hangs holds up nobody but itself."""
    lanes = [list(lane) for _, lane in groupby(sorted(jobs, key=lambda j: j.channel), key=lambda j: j.channel)]
    if not lanes:
        return []
    with ThreadPoolExecutor(max_workers=min(LANES, len(lanes))) as pool:
        found = pool.map(lambda lane: _lane(lane, send, resting, internal_hosts), lanes)
        return [outcome for outcomes in found for outcome in outcomes]


def _lane(jobs: list[Job], send: Sender, resting: Resting, internal_hosts: str) -> list[Outcome]:
    give_up, outcomes = time.monotonic() + LANE_LASTS, []
    with Postman(internal_hosts) as postman:
        for job in jobs:
            if time.monotonic() > give_up:
                outcomes.append(Outcome(job, was_tried=False))
            elif rests := resting.seconds_left(job.channel):
                outcomes.append(Outcome(job, failure=Reason.RESTING, was_tried=False, rests=rests))
            else:
                outcomes.append(_sent(job, send, resting, postman))
    return outcomes


def _sent(job: Job, send: Sender, resting: Resting, postman: Postman) -> Outcome:
    try:
        receipt = send(job, postman)
    except DeliveryFailedError as failed:
        resting.note(job.channel, is_away=failed.is_away)
        return Outcome(job, failure=str(failed), permanent=failed.permanent)
    except Exception as broken:  # Whatever is wrong with one notice, the others are waiting.
        log.exception("notice not sent", key=job.key)
        return Outcome(job, failure=Reason.NOT_SENT.quoting(f"{type(broken).__name__}: {broken}"), permanent=True)
    resting.note(job.channel, is_away=False)
    return Outcome(job, receipt=receipt)


@dataclass(frozen=True)
class Channels:
    """Sends a job by the channel it names. `at` is the real time, `now` the product's."""

    settings: Settings
    at: datetime
    now: datetime

    def __call__(self, job: Job, postman: Postman) -> str:
        """Send and return the receipt. Errors: DeliveryFailedError."""
        if job.kind is Channel.WEBHOOK:
            hook = Webhook(job.address, job.secret, allowed_hosts(self.settings.internal_hosts))
            return hook.send(key=job.key, body=webhook_body(job), at=self.at)
        if job.kind is Channel.APPRISE:
            return postman.send(job.address, subject=job.subject, body=job.body)
        how = {"key": job.key, "address": job.address, "subject": job.subject, "body": job.body}
        if job.kind is Channel.LOG:
            return LogTransport().send(**how)
        if self.settings.smtp_url is None:
            return self._catch(job)
        return MailTransport(self.settings.smtp_url, self.settings.mail_from).send(**how, unsubscribe=job.unsubscribe)

    def _catch(self, job: Job) -> str:
        """Keep a mail of the demo for its page of caught messages, as it would have left."""
        mail = mail_of(
            key=job.key,
            sender=self.settings.mail_from,
            address=job.address,
            subject=job.subject,
            body=job.body,
            unsubscribe=job.unsubscribe,
        )
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
        with transaction() as session:
            keep_caught(
                session,
                Caught(
                    at=self.now,
                    kind=Channel.MAIL,
                    key=job.key,
                    address=job.address,
                    subject=job.subject,
                    headers=headers,
                    body=job.body,
                ),
            )
        return Reason.CAUGHT


def webhook_body(job: Job) -> bytes:
    """Return the body of a webhook: one JSON object."""
    told = {"id": job.key, "subject": job.subject, "text": job.body, **job.said}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

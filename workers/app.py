"""The Celery application, and the one place where workers read the clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from celery import Celery

from service.database import transaction
from service.logs import configure_logging
from service.settings import get_settings
from service.timekeeping import Anchor, read_anchor, simulated

settings = get_settings()
configure_logging(settings.log_level)

app = Celery("jiban", broker=settings.redis_url)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="jiban",
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_eta_task_limit=100,  # Nothing is ever parked in the broker; this says so.
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 300, "socket_timeout": 10, "socket_connect_timeout": 5},
    imports=(
        "workers.areas",
        "workers.clocks",
        "workers.duplicates",
        "workers.learning",
        "workers.outbox",
        "workers.parties",
        "workers.policies",
        "workers.upkeep",
    ),
)


@lru_cache
def _anchor() -> Anchor | None:
    with transaction() as session:
        return read_anchor(session)


def real_now() -> datetime:
    """Return the real time: what belongs to browsers and programs, such as sign-ins, is never simulated."""
    return datetime.now(UTC)  # noqa: TID251  # The one clock of the workers.


def now() -> datetime:
    """Return the product's time: real, or simulated from the anchor this process started with."""
    return simulated(_anchor(), real_now())


def real_seconds(span: timedelta) -> float:
    """Return how many real seconds pass during a span of the product's time."""
    anchor = _anchor()
    return span.total_seconds() / (anchor.speed if anchor else 1.0)

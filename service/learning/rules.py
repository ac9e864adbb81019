"""When is there enough to learn from, and which version of what was learnt is used?"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.errors import ServiceError

EVERY = timedelta(days=1)
"""So long after a version was made the next one is tried by itself."""
FEWEST_CASES = 60
FEWEST_TOPICS = 3
FEWEST_OF_A_TOPIC = 4
"""A topic with fewer settled cases teaches little yet; its own words stand for it."""
FEWEST_UNSEEN = 20
"""So many cases must be new to the version in use, before another is tried against it."""


class NothingToGoBackToError(ServiceError):
    """No version is in use."""

    sentence = "No version is in use: the keywords suggest topics already."


@dataclass(frozen=True)
class Trial:
    """How often two versions and the keywords were right about the same cases, which neither version had seen."""

    cases: int
    new: int
    """Hits of the version that was just made."""
    used: int | None
    """Hits of the version in use; None: there is none."""
    keywords: int

    @property
    def takes_over(self) -> bool:
        """Is the new version better than the keywords, and no worse than the one in use?"""
        return self.new > self.keywords and (self.used is None or self.new >= self.used)


@dataclass(frozen=True)
class Outcome:
    """What came of training: why nothing was made, or the version and its trial."""

    why_not: str = ""
    version: int | None = None
    trial: Trial | None = None


def too_little(labels: Collection[str], unseen: int, *, is_used: bool) -> str:
    """Return why there is too little to learn from; nothing where there is enough."""
    taught = [label for label, often in Counter(labels).items() if often >= FEWEST_OF_A_TOPIC]
    if len(labels) < FEWEST_CASES or len(taught) < FEWEST_TOPICS:
        return (
            f"{len(labels)} settled cases, {len(taught)} topics with at least {FEWEST_OF_A_TOPIC} of them;"
            f" at least {FEWEST_CASES} and {FEWEST_TOPICS} are needed"
        )
    if is_used and unseen < FEWEST_UNSEEN:
        return f"{unseen} cases were settled since the version in use learnt; at least {FEWEST_UNSEEN} are needed"
    return ""


def is_time(last_made_at: datetime | None, now: datetime) -> bool:
    """Is another version to be tried, the newest having been made then?"""
    return last_made_at is None or now >= last_made_at + EVERY

"""Which photos are still missing before a case may be resolved?"""

from collections.abc import Collection
from datetime import datetime

from service.attachments.rules import Stage
from service.categories.rules import Evidence

AFTER_SENTENCE = "This topic needs a photo taken after the work before it can be resolved. Please add one."
BEFORE_SENTENCE = "This topic needs a photo taken before the work and one taken after it. One before is missing."


def missing(asked: Evidence, taken: Collection[tuple[Stage, datetime]], since: datetime) -> str | None:
    """Return what is missing as a sentence, or None.

    `taken` is what the photos of those at work show, and when each came. After a case was reopened (`since`) the work
    is new: how it was before is still known, how it is now must be shown again.
    """
    shown = {stage for stage, _ in taken}
    if asked is Evidence.BEFORE_AND_AFTER and Stage.BEFORE not in shown:
        return BEFORE_SENTENCE
    if asked is not Evidence.NONE and not any(stage is Stage.AFTER and at >= since for stage, at in taken):
        return AFTER_SENTENCE
    return None

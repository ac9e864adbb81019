"""What are the photos called that a topic asks for?"""

from collections.abc import Mapping

EVIDENCE_LABELS: Mapping[str, str] = {
    "none": "No photo is needed",
    "after": "A photo taken after the work",
    "before_and_after": "One photo before the work and one after it",
}

"""Does the engine still give the published results of recorded cases?

A case is a line of JSON: `{id, source, kind, calendar, input, expected, verdict?}`. One adapter for each kind puts its
words into those of the engine and computes nothing. Cases whose verdict is not `base` follow another system's meaning.
"""

from sla_policies.replay.running import Outcome, Tally, Variant, Verdict, replay

__all__ = ["Outcome", "Tally", "Variant", "Verdict", "replay"]

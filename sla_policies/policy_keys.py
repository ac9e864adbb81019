"""Which keys may stand where in a policy file, and which must?"""

from collections.abc import Mapping

from sla_policies.policy import ORDERS, PARTS, Metric

PAUSE_REASONS = frozenset({"waiting_for_resident", "parked"})
FOCUS_GROUPS = frozenset({"elderly", "elderly_alone", "disabled", "minor", "child_alone", "hardship"})
PACK_REQUIRED = ("name", "version", "effective_from", "title", "policies", "ladders")
PACK_KEYS = (*PACK_REQUIRED, "effective_until", "source", "satisfied_by", "raises", "climbing", "orders", "parts")
POLICY_REQUIRED = ("name", "grade", "title", "promise")
POLICY_KEYS = (*POLICY_REQUIRED, "default", "when", "targets", "ladder", "extensions", "nothing")
TARGET_REQUIRED = ("within", "source", "mark")
TARGET_KEYS = (*TARGET_REQUIRED, "calendar", "satisfied_by", "pauses_for", "pause_at_most")
EXTENSION_REQUIRED = ("times", "source", "mark")
EXTENSION_KEYS = (*EXTENSION_REQUIRED, "at_most")
WHEN_KEYS = ("grades", "categories", "groups", "areas", "channels", "focus_groups")
ORDERS_KEYS = ("title", "order", "verdict", "ladder")
PARTS_KEYS = ("title", "report_in", "part", "ladder")
INSIDE_SECTIONS: Mapping[str, tuple[str, tuple[str, ...], tuple[Metric, ...]]] = {
    "orders": (ORDERS, ORDERS_KEYS, (Metric.ORDER, Metric.VERDICT)),
    "parts": (PARTS, PARTS_KEYS, (Metric.REPORT_IN, Metric.PART)),
}
"""Sections of a pack on what is owed inside the house: the name of their policy, their keys, what they count."""
RAISE_REQUIRED = ("to", "why", "source", "mark")
RAISE_KEYS = (*RAISE_REQUIRED, "words", "focus_groups", "categories", "danger")
MOST_EXTENSIONS = 10

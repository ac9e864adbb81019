"""What is said of the dispatch table on the pages of the administration? One table for each kind: code → message id."""

from collections.abc import Mapping

from service.routing.versions import ProposalState, Standing

ACTION_LABELS: Mapping[str, str] = {
    "rule.added": "Rule added",
    "rule.changed": "Rule changed",
    "rule.moved": "Rule moved",
    "rule.deleted": "Rule deleted",
    "version.begun": "Draft of the rules begun",
    "version.imported": "Rules taken over from a file into the draft",
    "version.carried-over": "Draft put on the newest version of the rules",
    "version.published": "Version of the rules published",
    "version.dropped": "Version of the rules dropped",
    "proposal.made": "Change of the rules proposed",
    "proposal.approved": "Proposed change of the rules approved",
    "proposal.refused": "Proposed change of the rules refused",
}
FIELD_LABELS: Mapping[str, str] = {
    "category_code": "Category",
    "target_level": "To the desk at this level",
    "target_area_id": "To this unit",
    "target_person_id": "To this person",
    "target_role": "To whom in the unit",
    "note": "Note",
    "place": "Place in the order",
    "hours": "Hours",
    "channels": "Channels",
    "focus_groups": "Focus groups",
    "grades": "Grades",
    "is_pool": "As a pool",
    "party": "Outside party",
    "version": "Version",
    "based_on": "Goes on from version",
    "made_version": "Made version",
    "effective_at": "Decides from",
    "added": "Lines added",
    "changed": "Lines changed",
    "moved": "Lines moved",
    "removed": "Lines removed",
    "rows": "Rows of the file",
    "file": "File",
    "answer": "Answer",
    "rule_line": "Number of the line",
}
STANDING_LABELS: Mapping[Standing, str] = {
    Standing.DRAFT: "Draft",
    Standing.PLANNED: "Planned",
    Standing.IN_FORCE: "In force",
    Standing.SUPERSEDED: "Superseded",
    Standing.DROPPED: "Dropped",
}
PROPOSAL_LABELS: Mapping[ProposalState, str] = {
    ProposalState.WAITING: "waits for a decision",
    ProposalState.APPROVED: "approved",
    ProposalState.REFUSED: "refused",
}
PART_LABELS: Mapping[str, str] = {
    "any-category": "any category",
    "anywhere": "anywhere",
    "left": "somebody who has left",
    "unit": "{unit}: {role}",
    "level": "{level} of the place: {role}",
    "pool": "{target} (pool: whoever is free takes it)",
    "party": "{party}, through {target}",
    "between": ", ",
}
HOURS_LABELS: Mapping[str, str] = {
    "night": "at night (22:00–07:00)",
    "workday": "workdays",
    "holiday": "holidays and weekends",
    "every-day": "every day {hours}",
    "days-hours": "{days} {hours}",
    "from-to": "{first} to {last}",
}
WEEKDAY_LABELS: Mapping[int, str] = {
    0: "Mon",
    1: "Tue",
    2: "Wed",
    3: "Thu",
    4: "Fri",
    5: "Sat",
    6: "Sun",
}
COLUMN_LABELS: Mapping[str, str] = {
    "number": "Number of the line",
    "category": "Category",
    "area": "Area",
    "hours": "Hours",
    "channels": "Channels",
    "focus_groups": "Focus groups",
    "grades": "Grades",
    "to_level": "To the desk at this level",
    "to_unit": "To this unit",
    "to_person": "To this person",
    "to_role": "To whom in the unit",
    "pool": "As a pool",
    "party": "Outside party",
    "in_use": "In use",
    "note": "Note",
}
IDLE_LABELS: Mapping[str, str] = {
    "shadowed": "never asked: rules above it take all its cases",
    "out-of-use": "its category or area is not in use",
    "person-gone": "the person named has left",
    "unit-gone": "the unit named is gone",
    "nobody-there": "nobody works there",
    "place-not-precise": "the place is not known precisely enough",
}
GAP_LABELS: Mapping[str, str] = {
    "no-line": "no rule fits",
    "broken": "the rules that fit lead to nobody",
    "imprecise": "the place is known only roughly",
}

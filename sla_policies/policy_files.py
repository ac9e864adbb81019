"""What does a policy file say: the promises, the ladders, and when a grade is raised?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sla_policies import policy_keys as keys
from sla_policies.calendar_files import MARKS, NO_MARK
from sla_policies.climbing import Climbing
from sla_policies.escalation import Step
from sla_policies.ladder_files import LadderReader
from sla_policies.policy import (
    PROMISED,
    Budget,
    Grade,
    Match,
    Metric,
    RaiseRule,
    SlaPolicy,
    Target,
    TimeKind,
)
from sla_policies.reading import Node

EVENTS: Mapping[Metric, frozenset[str]] = {
    Metric.ACCEPT: frozenset({"accepted", "resolved"}),
    Metric.CONTACT: frozenset({"public_reply", "contact_logged", "question_asked", "resolved"}),
    Metric.NEXT_REPLY: frozenset({"public_reply", "contact_logged", "question_asked", "resolved"}),
    Metric.RESOLVE: frozenset({"resolved"}),
    Metric.HANDOVER: frozenset({"accepted", "resolved"}),
    Metric.ORDER: frozenset({"order_replied", "resolved"}),
    Metric.VERDICT: frozenset({"order_decided"}),
    Metric.REPORT_IN: frozenset({"part_accepted"}),
    Metric.PART: frozenset({"part_done"}),
}
"""What may fulfil which promise: a reply never counts as a result, and nothing a machine does by itself counts."""
NO_GRADE, NO_FOCUS_GROUP = "“{word}” is no known grade.", "“{word}” is no known focus group."


@dataclass(frozen=True)
class Pack:
    """A policy file as read, with the node of everything that can be compared with something else."""

    name: str
    version: str
    effective_from: date
    effective_until: date | None
    title: tuple[str, str]
    policies: tuple[SlaPolicy, ...]
    ladders: Mapping[str, tuple[Step, ...]]
    raises: tuple[RaiseRule, ...]
    nodes: Mapping[tuple[str, ...], Node]
    """("policy", name), ("target", policy, metric), ("match", policy), ("ladder", name), ("step", ladder, key) …"""
    climbing: Mapping[str, Climbing]
    """By ladder."""
    orders: SlaPolicy | None
    parts: SlaPolicy | None

    @property
    def inside(self) -> tuple[SlaPolicy, ...]:
        """What is owed inside the house: of orders, of parts."""
        return tuple(policy for policy in (self.orders, self.parts) if policy)


class PolicyReader(LadderReader):
    """Reads a policy file."""

    known_categories: Collection[str] | None = None

    def pack(self, root: Node) -> Pack:
        """Read the whole file."""
        self.nodes = {}
        entries = self.table(root, keys.PACK_KEYS, keys.PACK_REQUIRED)
        ladder_nodes = self.named(entries["ladders"]) if "ladders" in entries else {}
        ladders = {name: self.ladder(name, node) for name, node in ladder_nodes.items()}
        climbing = self.climbing(entries.get("climbing"), ladders)
        shared = self._satisfied_by(entries.get("satisfied_by"))
        policies = [self._policy(node, ladders, shared) for node in self.items(entries.get("policies"))]
        policies = [replace(p, climbing=climbing.get(str(self.nodes["uses", p.name].value))) for p in policies]
        inside = {
            name: self._inside(name, entries[name], ladders, climbing)
            for name in ("orders", "parts")
            if name in entries
        }
        return Pack(
            self.name(entries.get("name")),
            self.text(entries.get("version")),
            *self._effective(entries),
            self.both(entries.get("title")),
            tuple(policies),
            ladders,
            tuple(self._raise(node) for node in self.items(entries.get("raises"))),
            self.nodes,
            climbing,
            inside.get("orders"),
            inside.get("parts"),
        )

    def _effective(self, entries: Mapping[str, Node]) -> tuple[date, date | None]:
        first, last = self.day(entries.get("effective_from")) or date.max, self.day(entries.get("effective_until"))
        if last is not None and last < first < date.max:
            self.wrong(
                entries["effective_until"], "It ends on {last}, before it begins.", "Write the last day.", last=last
            )
        return (first, last)

    def _satisfied_by(self, node: Node | None) -> dict[Metric, frozenset[str]]:
        if node is None:
            return {}
        entries = self.table(node, PROMISED)
        return {Metric(m): self._events(Metric(m), entry) for m, entry in entries.items()}

    def _events(self, metric: Metric, node: Node | None) -> frozenset[str]:
        return self.some_of(node, EVENTS[metric], "“{word}” is no known event for {promise}.", promise=metric)

    def _policy(
        self, node: Node, ladders: Mapping[str, tuple[Step, ...]], shared: Mapping[Metric, frozenset[str]]
    ) -> SlaPolicy:
        entries = self.table(node, keys.POLICY_KEYS, keys.POLICY_REQUIRED)
        name = self.name(entries.get("name"))
        self.nodes["policy", name] = node
        grade = self.one_of(entries.get("grade"), tuple(Grade), NO_GRADE) or Grade.G3
        title, promise = self.both(entries.get("title")), self.both(entries.get("promise"))
        nothing = self.truth(entries.get("nothing"))
        for key in ("targets", "ladder"):
            if nothing and key in entries:
                what = "{policy} promises nothing and has {key}."
                self.wrong(entries[key], what, "Remove one of the two.", policy=name, key=key)
            elif not nothing and key not in entries:
                self.wrong(node, "“{key}” is missing.", "Add the key {key}, or say nothing: true.", key=key)
        targets = self._targets(name, entries["targets"], shared) if "targets" in entries else {}
        ladder = self.one_of(entries.get("ladder"), ladders, "“{word}” is no known ladder.")
        self.nodes["uses", name] = Node(node.line, ladder)
        times, most, whence = self._extensions(entries.get("extensions"))
        match = self._match(name, entries["when"]) if "when" in entries else Match()
        default = self.truth(entries.get("default"))
        steps = tuple(step for step in ladders.get(ladder, ()) if step.metric in targets)
        return SlaPolicy(name, Grade(grade), *title, *promise, targets, steps, times, most, match, default, *whence)

    def _inside(
        self, section: str, node: Node, ladders: Mapping[str, tuple[Step, ...]], climbing: Mapping[str, Climbing]
    ) -> SlaPolicy:
        """Read what holds for supervise orders or for parts: a policy of its own that no case is put under."""
        own, ours, metrics = keys.INSIDE_SECTIONS[section]
        entries = self.table(node, ours, ours)
        if ("policy", own) in self.nodes:
            what = "{policy} is the name of what holds for {section}."
            mend = "Give the policy another name."
            self.wrong(self.nodes["policy", own], what, mend, policy=own, section=section)
        self.nodes["policy", own] = node
        targets: dict[Metric, Target] = {}
        for metric in metrics:
            entry = entries.get(metric, Node(node.line))
            self.nodes["target", own, metric] = entry
            target = self._target(metric, entry, EVENTS[metric]) if metric in entries else None
            targets |= {metric: target} if target else {}
        name = self.one_of(entries.get("ladder"), ladders, "“{word}” is no known ladder.")
        self.nodes["uses", own] = Node(node.line, name)
        steps = tuple(step for step in ladders.get(name, ()) if step.metric in targets)
        title = self.both(entries.get("title"))
        return SlaPolicy(own, Grade.G3, *title, *title, targets, steps, climbing=climbing.get(name))

    def _targets(self, policy: str, node: Node, shared: Mapping[Metric, frozenset[str]]) -> dict[Metric, Target]:
        found = {}
        for key, entry in self.table(node, PROMISED).items():
            metric = Metric(key)
            self.nodes["target", policy, key] = entry
            target = self._target(metric, entry, shared.get(metric, frozenset()))
            if target is not None:
                found[metric] = target
        return found

    def _target(self, metric: Metric, node: Node, shared: frozenset[str]) -> Target | None:
        entries = self.table(node, keys.TARGET_KEYS, keys.TARGET_REQUIRED)
        within = self.budget(entries.get("within"))
        by = self._events(metric, entries.get("satisfied_by")) or shared
        if not by and "satisfied_by" not in entries:
            known = ", ".join(sorted(EVENTS[metric]))
            self.wrong(node, "Nothing satisfies {promise}.", "Name {known}.", promise=metric, known=known)
        pauses = self.some_of(entries.get("pauses_for"), keys.PAUSE_REASONS, "“{word}” is no known reason to pause.")
        if pauses and metric is Metric.CONTACT:
            self.wrong(entries["pauses_for"], "Contact never pauses.", "Remove pauses_for here.")
        if pauses and "pause_at_most" not in entries:
            self.wrong(entries["pauses_for"], "These pauses could last for ever.", "Add pause_at_most.")
        most = self.budget(entries.get("pause_at_most"))
        if most is not None and most.kind is TimeKind.WORKDAYS:
            self.wrong(
                entries["pause_at_most"], "The longest pause is told in workdays.", "Write 10d or 60 working hours."
            )
            most = None
        calendar = self.text(entries.get("calendar")) or "round_the_clock"
        source, mark = self.said(entries.get("source")), self.one_of(entries.get("mark"), MARKS, NO_MARK)
        if within is None:
            return None
        return Target(metric, within, calendar, by, pauses, most, source, mark)

    def _extensions(self, node: Node | None) -> tuple[int, Budget | None, tuple[str, str]]:
        """Return how often, how much in all, and where both come from."""
        if node is None:
            return (0, None, ("", ""))
        entries = self.table(node, keys.EXTENSION_KEYS, keys.EXTENSION_REQUIRED)
        source, mark = self.said(entries.get("source")), self.one_of(entries.get("mark"), MARKS, NO_MARK)
        times, most = self.whole(entries.get("times"), 0, keys.MOST_EXTENSIONS), self.budget(entries.get("at_most"))
        if (times > 0) != ("at_most" in entries) and self.text(entries.get("times")).isdigit():
            self.wrong(node, "Extensions need a number of times and a limit together.", "Write times and at_most.")
        return (times, most, (source, mark))

    def _match(self, policy: str, node: Node) -> Match:
        self.nodes["match", policy] = node
        entries = self.table(node, keys.WHEN_KEYS)
        values = {key: frozenset(self.words(entries.get(key))) for key in ("categories", "groups", "areas", "channels")}
        values["grades"] = self.some_of(entries.get("grades"), tuple(Grade), NO_GRADE)
        values["focus_groups"] = self.some_of(entries.get("focus_groups"), keys.FOCUS_GROUPS, NO_FOCUS_GROUP)
        self._check_categories(entries.get("categories"))
        return Match(**values)

    def _check_categories(self, node: Node | None) -> None:
        known = self.known_categories
        for item in self.items(node):
            if known is not None:
                self.one_of(item, known, "“{word}” is no known category.")

    def _raise(self, node: Node) -> RaiseRule:
        entries = self.table(node, keys.RAISE_KEYS, keys.RAISE_REQUIRED)
        words = self.words(entries.get("words"))
        groups = self.some_of(entries.get("focus_groups"), keys.FOCUS_GROUPS, NO_FOCUS_GROUP)
        if not words and not groups:
            self.wrong(node, "This rule raises nothing: it names no words and no focus groups.", "Add words.")
        for item in self.items(entries.get("words")):
            if len(self.text(item)) == 1:
                self.wrong(item, "A word of one character is in many harmless texts.", "Write a longer word.")
        self._check_categories(entries.get("categories"))
        rule = RaiseRule(Grade.G1, *self.both(entries.get("why")), words, groups)
        return replace(
            rule,
            to=Grade(self.one_of(entries.get("to"), tuple(Grade), NO_GRADE) or Grade.G1),
            categories=frozenset(self.words(entries.get("categories"))),
            danger=self.truth(entries.get("danger")),
            source=self.said(entries.get("source")),
            mark=self.one_of(entries.get("mark"), MARKS, NO_MARK),
        )

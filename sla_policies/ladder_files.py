"""What does a policy file say of its ladders: the steps, and how what is not answered climbs?"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sla_policies import amounts
from sla_policies.calendar_files import MARKS, NO_MARK
from sla_policies.climbing import MOST_ROUNDS, Climbing
from sla_policies.escalation import ACTS, CONDITIONS, OWN_ROLES, ROLES, Offset, Step
from sla_policies.policy import Budget, Metric
from sla_policies.reading import Node, Reader
from sla_policies.sentences import SaidError

STEP_REQUIRED = ("step", "on", "at", "to", "act", "title", "source", "mark")
STEP_KEYS = (*STEP_REQUIRED, "wakes", "acknowledge_within", "unless")
RUNGS = tuple(role for role in ROLES if role not in OWN_ROLES)
CLIMBING_REQUIRED = ("again", "rounds", "source", "mark")
CLIMBING_KEYS = (*RUNGS, *CLIMBING_REQUIRED)
Found = TypeVar("Found")


class LadderReader(Reader):
    """Reads the ladders of a policy file."""

    nodes: dict[tuple[str, ...], Node]

    def budget(self, node: Node | None) -> Budget | None:
        """Return an amount of one kind of time."""
        return self.written(node, amounts.budget, amounts.BUDGETS_ARE)

    def written(self, node: Node | None, read: Callable[[str], Found], mend: str) -> Found | None:
        """Return what a text means to `read`; None, and a problem, where it means nothing."""
        text = self.text(node)
        try:
            return read(text) if text else None
        except SaidError as error:
            self.wrong(node or Node(1), error.sentence, mend, **error.facts)
            return None

    def ladder(self, name: str, node: Node) -> tuple[Step, ...]:
        """Return the steps of a ladder, in the order of the file."""
        self.nodes["ladder", name] = node
        steps: list[Step] = []
        for item in self.items(node):
            step = self._step(item)
            if any(step.key == other.key for other in steps):
                what = "The step {step} is there twice in the ladder {ladder}."
                self.wrong(item, what, "Give each its own name.", step=step.key, ladder=name)
            self.nodes["step", name, step.key] = item
            steps.append(step)
        return tuple(steps)

    def _step(self, node: Node) -> Step:
        entries = self.table(node, STEP_KEYS, STEP_REQUIRED)
        metric = self.one_of(entries.get("on"), tuple(Metric), "“{word}” is no known promise.") or Metric.RESOLVE
        to = self.some_of(entries.get("to"), ROLES, "“{word}” is no known role.")
        return Step(
            self.name(entries.get("step")),
            Metric(metric),
            self.written(entries.get("at"), amounts.offset, amounts.OFFSETS_ARE) or Offset(),
            tuple(role for role in ROLES if role in to),
            self.one_of(entries.get("act"), ACTS, "“{word}” is no known act."),
            self.truth(entries.get("wakes")),
            self.budget(entries.get("acknowledge_within")),
            self.some_of(entries.get("unless"), CONDITIONS, "“{word}” is no known condition."),
            *self.both(entries.get("title")),
            self.said(entries.get("source")),
            self.one_of(entries.get("mark"), MARKS, NO_MARK),
        )

    def climbing(self, node: Node | None, ladders: Mapping[str, tuple[Step, ...]]) -> dict[str, Climbing]:
        """Return how each ladder climbs that says it."""
        found: dict[str, Climbing] = {}
        for name, entry in self.named(node).items() if node is not None else ():
            self.one_of(Node(entry.line, name), ladders, "“{word}” is no known ladder.")
            self.nodes["climbing", name] = entry
            found[name] = self._climbing(name, entry)
        return found

    def _climbing(self, name: str, node: Node) -> Climbing:
        entries = self.table(node, CLIMBING_KEYS, CLIMBING_REQUIRED)
        within = {rung: self.budget(entries[rung]) for rung in RUNGS if rung in entries}
        self.nodes |= {("climbing", name, key): entries[key] for key in (*within, "again") if key in entries}
        again = self.budget(entries.get("again"))
        rounds = self.whole(entries.get("rounds"), 1, MOST_ROUNDS)
        source, mark = self.said(entries.get("source")), self.one_of(entries.get("mark"), MARKS, NO_MARK)
        return Climbing({r: b for r, b in within.items() if b}, again or Climbing().again, rounds, source, mark)

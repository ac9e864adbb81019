"""Does everything that is asked climb to the top, each rung with its own time, and is what is owed inside whole?"""

from collections.abc import Iterator, Mapping

from sla_policies.climbing import OFTENEST_AGAIN, Climbing
from sla_policies.escalation import NEW_HANDS, OWN_ROLES, ROLES, SUPERIORS, Step
from sla_policies.policy import Metric, Target, TimeKind
from sla_policies.policy_files import Pack
from sla_policies.reading import Node

Finding = tuple[Node, str, str, Mapping[str, object]]
BEGIN_WITH_SIGNING = frozenset({Metric.ACCEPT, Metric.HANDOVER})
NOT_THEIRS: Mapping[Metric, frozenset[str]] = {
    Metric.ORDER: frozenset({"handler"}),
    Metric.VERDICT: frozenset({"handler", "addressee"}),
    Metric.REPORT_IN: frozenset({"handler"}),
    Metric.PART: frozenset({"handler"}),
}
"""Who has nothing to do with orders and parts; every other promise knows no addressee and no issuer."""


def climbing_findings(pack: Pack) -> Iterator[Finding]:
    """Yield what is wrong with how ladders climb, with who may be named where, and with what is owed inside."""
    for name, steps in pack.ladders.items():
        for step in steps:
            for what, mend in _step(step):
                yield (pack.nodes["step", name, step.key], what, mend, {"step": step.key, "act": step.act})
        asking = [step for step in steps if step.asks]
        if asking and name not in pack.climbing:
            what = "The ladder {ladder} asks for answers, and does not say how it climbs without one."
            yield (pack.nodes["ladder", name], what, "Add {ladder} to climbing.", {"ladder": name})
        elif asking:
            yield from _times(pack, name, pack.climbing[name], asking)
    yield from _inside(pack)


def _step(step: Step) -> Iterator[tuple[str, str]]:
    others = NOT_THEIRS.get(step.metric, OWN_ROLES - {"handler"})
    if others & set(step.to):
        yield (
            "{step} tells somebody whom this promise has not.",
            "Use handler, or addressee and issuer of orders and parts.",
        )
    if step.asks and not set(step.to) - OWN_ROLES:
        yield ("{step} asks only those who are late for an answer.", "Name somebody above them, or ask nothing.")
    if step.act in NEW_HANDS and step.metric not in BEGIN_WITH_SIGNING:
        yield ("{step}: {act} gives away a case that is signed for.", "Use it on accept or handover.")


def _times(pack: Pack, name: str, climbing: Climbing, asking: list[Step]) -> Iterator[Finding]:
    node, about = pack.nodes["climbing", name], {"ladder": name}
    lowest = min(max(ROLES.index(role) for role in step.to) for step in asking)
    for rung in SUPERIORS:
        if ROLES.index(rung) > lowest and rung not in climbing.within:
            what = "{rung} has no time of its own to answer in the ladder {ladder}."
            yield (node, what, "Write {rung}: 60m.", about | {"rung": rung})
    for key, budget in (*climbing.within.items(), ("again", climbing.again)):
        if budget.kind is not TimeKind.ELAPSED:
            mend = "Write minutes, hours or days; what may not wake begins to count in the morning."
            yield (pack.nodes["climbing", name, key], "{rung} does not count day and night.", mend, {"rung": key})
    if climbing.again.kind is TimeKind.ELAPSED and climbing.again.amount < OFTENEST_AGAIN:
        mend = "Give them {least} minutes at least."
        what = "The top is asked again before it can have answered."
        yield (pack.nodes["climbing", name, "again"], what, mend, {"least": OFTENEST_AGAIN})


def _inside(pack: Pack) -> Iterator[Finding]:
    for policy in pack.inside:
        for metric, target in policy.targets.items():
            yield from _owed_inside(pack.nodes["target", policy.name, metric], target)


def _owed_inside(node: Node, target: Target) -> Iterator[Finding]:
    about = {"promise": str(target.metric)}
    if target.budget.kind is not TimeKind.ELAPSED:
        yield (node, "The term of {promise} does not count day and night.", "Write hours or days.", about)
    if target.pauses_for:
        yield (node, "Nothing lets {promise} stand still.", "Remove pauses_for here.", about)

"""Do the parts of a policy file fit together: can every promise be kept, reached and heard of?"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from sla_policies.calendar_files import ROUND_THE_CLOCK
from sla_policies.escalation import ROLES, Step
from sla_policies.policy import CONDITIONS, Match, Metric, SlaPolicy, Target, TimeKind
from sla_policies.policy_files import Pack
from sla_policies.reading import KNOWN_ARE, Node
from sla_policies.work_calendar import WorkCalendar

Finding = tuple[Node, str, str, Mapping[str, object]]
"""Where, what is wrong, how to mend it, and the facts that both name."""
FURTHEST_STEP = 1_440 * 365
HARMLESS_BEFORE_DUE = ("remind", "call_out", "yellow_card")
AFTER_DEFAULT = {
    True: "{policy} stands after the default {default}: a second default.",
    False: "{policy} stands after the default {default}: a policy that is never reached.",
}


def findings(pack: Pack, calendars: Mapping[str, WorkCalendar]) -> Iterator[Finding]:
    """Yield everything that is wrong between the parts of a policy file."""
    yield from _selection(pack)
    yield from _uses(pack)
    for policy in (*pack.policies, *pack.inside):
        for target in policy.targets.values():
            yield from _target(pack, policy, target, calendars)
        yield from _ladder(pack, policy)
        yield from _extension(pack, policy)


def _selection(pack: Pack) -> Iterator[Finding]:
    """Yield what is wrong with names, the default, and rules that are never reached."""
    seen: dict[str, SlaPolicy] = {}
    default: SlaPolicy | None = None
    for policy in pack.policies:
        node, about = pack.nodes["policy", policy.name], {"policy": policy.name}
        if policy.name in seen:
            yield (node, "The name {policy} is used twice.", "Give each policy its own name.", about)
        if default is not None:
            what = AFTER_DEFAULT[policy.is_default]
            yield (node, what, "Move the default last.", about | {"default": default.name})
        elif policy.is_default:
            default = policy
        if policy.is_default and policy.match:
            yield (node, "The default {policy} has conditions.", "Remove `when`, or `default: true`.", about)
        if not policy.is_default and not policy.match:
            mend = "Add `when`; only the default may match everything."
            yield (node, "{policy} matches every case without being the default.", mend, about)
        for other in seen.values():
            if policy.match and other.match and not policy.is_default and _covers(other.match, policy.match):
                what = "{policy} is never reached: {other} takes its cases."
                yield (node, what, "Put it before that one.", about | {"other": other.name})
        seen[policy.name] = policy
    if default is None:
        yield (Node(1), "There is no default policy.", "Mark exactly one, the last, with default: true.", {})


def _covers(wider: Match, narrower: Match) -> bool:
    """Does the first condition hold whenever the second does?"""
    pairs = [(getattr(wider, name), getattr(narrower, name)) for name, _, _ in CONDITIONS]
    return all(not wide or (narrow and narrow <= wide) for wide, narrow in pairs)


def _uses(pack: Pack) -> Iterator[Finding]:
    """Yield ladders that nobody uses, steps of promises that nobody makes, and steps out of order."""
    for name, steps in pack.ladders.items():
        users = [p for p in (*pack.policies, *pack.inside) if pack.nodes["uses", p.name].value == name]
        if not users:
            node = pack.nodes["ladder", name]
            yield (node, "No policy uses the ladder {ladder}.", "Use it or remove it.", {"ladder": name})
        for step in steps:
            if users and not any(step.metric in policy.targets for policy in users):
                node = pack.nodes["step", name, step.key]
                what = "No policy with this ladder promises {promise}."
                yield (node, what, "Remove the step.", {"promise": step.metric})
        for metric in Metric:
            mine = [step for step in steps if step.metric is metric]
            for before, after in pairwise(mine):
                node, about = pack.nodes["step", name, after.key], {"step": after.key, "other": before.key}
                if _place(after) < _place(before):
                    yield (node, "{step} comes before {other} in time.", "Write the steps in order of time.", about)
                elif _place(after) == _place(before) and set(after.to) & set(before.to):
                    yield (node, "{step} tells the same people as {other} at once.", "Make one of the two.", about)


def _place(step: Step) -> tuple[int, float]:
    """Return where a step stands: shares before, then what is before due, due, and after it."""
    offset = step.offset
    if offset.percent is not None and offset.percent < 100:
        return (0, offset.percent)
    amount = offset.workdays * 1_440 or offset.minutes
    if offset.percent is not None:
        return (2, 0)
    return (1 if amount <= 0 else 2, amount)


def _target(pack: Pack, policy: SlaPolicy, target: Target, calendars: Mapping[str, WorkCalendar]) -> Iterator[Finding]:
    node, about = pack.nodes["target", policy.name, str(target.metric)], {"promise": str(target.metric)}
    if target.calendar not in calendars:
        facts = {"calendar": target.calendar, "known": ", ".join(sorted(calendars))}
        yield (node, "There is no calendar {calendar}.", KNOWN_ARE, facts)
    elif target.calendar == ROUND_THE_CLOCK and target.budget.kind is not TimeKind.ELAPSED:
        mend = "Add calendar, or write the time in hours or days."
        what = "{promise} counts {kind} time, and every hour is working time here."
        yield (node, what, mend, about | {"kind": str(target.budget.kind)})
    resolve = policy.targets.get(Metric.RESOLVE)
    same = resolve is not None and resolve.budget.kind is target.budget.kind
    if resolve and same and resolve.budget.amount < target.budget.amount:
        yield (node, "{promise} has more time than the whole case.", "Give it less time than resolve.", about)


def _ladder(pack: Pack, policy: SlaPolicy) -> Iterator[Finding]:
    """Yield what is wrong with the steps of one policy: unreachable ones, and promises whose breach nobody hears of."""
    ladder = str(pack.nodes["uses", policy.name].value)
    for target in policy.targets.values():
        steps = [step for step in policy.ladder if step.metric is target.metric]
        about = {"policy": policy.name, "promise": str(target.metric)}
        for step in steps:
            for what, mend in _step(step, target):
                facts = about | {"step": step.key, "act": step.act}
                yield (pack.nodes["step", ladder, step.key], what, mend, facts)
        late = [step for step in steps if _place(step) >= (1, 0)]
        node = pack.nodes["target", policy.name, str(target.metric)]
        if not late:
            what = "Nobody hears when {promise} of {policy} is late."
            yield (node, what, "Add a step at due or after it.", about)
        elif steps[-1].unless == frozenset({"contacted"}) or ROLES[-1] not in {role for s in late for role in s.to}:
            what, mend = (
                "A late {promise} of {policy} ends in nothing below the district.",
                "Let the last step tell {role}.",
            )
            yield (node, what, mend, about | {"role": ROLES[-1]})


def _step(step: Step, target: Target) -> Iterator[tuple[str, str]]:
    offset, budget = step.offset, target.budget
    own_amount = -offset.workdays if budget.kind is TimeKind.WORKDAYS else -offset.minutes
    if offset.workdays and target.calendar == ROUND_THE_CLOCK:
        yield ("{policy}, {step}: every day is a workday round the clock.", "Give {promise} a calendar with workdays.")
    if own_amount > 0 and own_amount >= budget.amount:
        yield ("{policy}, {step}: the step lies before the start of the promise.", "Bring it closer to the due time.")
    if offset.minutes and not offset.minutes % 1_440 and budget.kind is not TimeKind.ELAPSED:
        yield ("{policy}, {step}: a day of 24 hours means three workdays here.", "Write hours or workdays.")
    if abs(offset.minutes) > FURTHEST_STEP or abs(offset.workdays) > 250:
        yield ("{policy}, {step}: the step lies more than a year away.", "Bring it closer: nobody will remember.")
    before = _place(step) < (1, 0)
    if before and step.act not in HARMLESS_BEFORE_DUE:
        yield ("{policy}, {step}: {act} before the promise is broken.", "Use remind, call_out or yellow_card.")
    if not before and step.act == "yellow_card":
        yield ("{policy}, {step}: a yellow card after the promise is broken.", "Use red_card.")
    if step.acknowledge_within and before:
        yield ("{policy}, {step}: an answer is asked before anything is late.", "Remove acknowledge_within.")


def _extension(pack: Pack, policy: SlaPolicy) -> Iterator[Finding]:
    node, about = pack.nodes["policy", policy.name], {"policy": policy.name}
    resolve, most = policy.targets.get(Metric.RESOLVE), policy.extension_at_most
    if policy.extensions and resolve is None:
        yield (node, "{policy} extends a promise it does not make.", "Remove extensions, or add resolve.", about)
    elif most and resolve and most.kind is not resolve.budget.kind:
        what, facts = (
            "{policy} extends {kind} time by {other} time.",
            {"kind": str(resolve.budget.kind), "other": str(most.kind)},
        )
        yield (node, what, "Use the same kind of time in both.", about | facts)

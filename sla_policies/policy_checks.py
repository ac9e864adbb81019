"""Do the parts of a policy file fit together: can every promise be kept, reached and heard of?"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from sla_policies.calendar_files import ROUND_THE_CLOCK
from sla_policies.escalation import ROLES, Step
from sla_policies.policy import CONDITIONS, Match, Metric, SlaPolicy, Target, TimeKind
from sla_policies.policy_files import Pack
from sla_policies.reading import Node
from sla_policies.work_calendar import WorkCalendar

Finding = tuple[Node, str, str]
"""Where, what is wrong, how to mend it."""
FURTHEST_STEP = 1_440 * 365
HARMLESS_BEFORE_DUE = ("remind", "call_out", "yellow_card")


def findings(pack: Pack, calendars: Mapping[str, WorkCalendar]) -> Iterator[Finding]:
    """Yield everything that is wrong between the parts of a policy file."""
    yield from _selection(pack)
    yield from _uses(pack)
    for policy in pack.policies:
        for target in policy.targets.values():
            yield from _target(pack, policy, target, calendars)
        yield from _ladder(pack, policy)
        yield from _extension(pack, policy)


def _selection(pack: Pack) -> Iterator[Finding]:
    """Yield what is wrong with names, the default, and rules that are never reached."""
    seen: dict[str, SlaPolicy] = {}
    default: SlaPolicy | None = None
    for policy in pack.policies:
        node = pack.nodes["policy", policy.name]
        if policy.name in seen:
            yield (node, f"The name {policy.name} is used twice.", "Give each policy its own name.")
        if default is not None:
            what = "second default" if policy.is_default else "policy that is never reached"
            yield (node, f"{policy.name} stands after the default {default.name}: a {what}.", "Move the default last.")
        elif policy.is_default:
            default = policy
        if policy.is_default and policy.match:
            yield (node, f"The default {policy.name} has conditions.", "Remove `when`, or `default: true`.")
        if not policy.is_default and not policy.match:
            mend = "Add `when`; only the default may match everything."
            yield (node, f"{policy.name} matches every case without being the default.", mend)
        for other in seen.values():
            if policy.match and other.match and not policy.is_default and _covers(other.match, policy.match):
                yield (
                    node,
                    f"{policy.name} is never reached: {other.name} takes its cases.",
                    "Put it before that one.",
                )
        seen[policy.name] = policy
    if default is None:
        yield (Node(1), "There is no default policy.", "Mark exactly one, the last, with default: true.")


def _covers(wider: Match, narrower: Match) -> bool:
    """Does the first condition hold whenever the second does?"""
    pairs = [(getattr(wider, name), getattr(narrower, name)) for name, _, _ in CONDITIONS]
    return all(not wide or (narrow and narrow <= wide) for wide, narrow in pairs)


def _uses(pack: Pack) -> Iterator[Finding]:
    """Yield ladders that nobody uses, steps of promises that nobody makes, and steps out of order."""
    for name, steps in pack.ladders.items():
        users = [p for p in pack.policies if pack.nodes["uses", p.name].value == name]
        if not users:
            yield (pack.nodes["ladder", name], f"No policy uses the ladder {name}.", "Use it or remove it.")
        for step in steps:
            if users and not any(step.metric in policy.targets for policy in users):
                node = pack.nodes["step", name, step.key]
                yield (node, f"No policy with this ladder promises {step.metric}.", "Remove the step.")
        for metric in Metric:
            mine = [step for step in steps if step.metric is metric]
            for before, after in pairwise(mine):
                if _place(after) < _place(before):
                    node = pack.nodes["step", name, after.key]
                    yield (node, f"{after.key} comes before {before.key} in time.", "Write the steps in order of time.")
                elif _place(after) == _place(before) and set(after.to) & set(before.to):
                    node = pack.nodes["step", name, after.key]
                    yield (node, f"{after.key} tells the same people as {before.key} at once.", "Make one of the two.")


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
    node = pack.nodes["target", policy.name, str(target.metric)]
    if target.calendar not in calendars:
        yield (node, f"There is no calendar {target.calendar}.", f"Known are: {', '.join(sorted(calendars))}.")
    elif target.calendar == ROUND_THE_CLOCK and target.budget.kind is not TimeKind.ELAPSED:
        mend = "Add calendar, or write the time in hours or days."
        yield (node, f"{target.metric} counts {target.budget.kind} time, and every hour is working time here.", mend)
    resolve = policy.targets.get(Metric.RESOLVE)
    same = resolve is not None and resolve.budget.kind is target.budget.kind
    if resolve and same and resolve.budget.amount < target.budget.amount:
        yield (node, f"{target.metric} has more time than the whole case.", "Give it less time than resolve.")


def _ladder(pack: Pack, policy: SlaPolicy) -> Iterator[Finding]:
    """Yield what is wrong with the steps of one policy: unreachable ones, and promises whose breach nobody hears of."""
    ladder = str(pack.nodes["uses", policy.name].value)
    for target in policy.targets.values():
        steps = [step for step in policy.ladder if step.metric is target.metric]
        for step in steps:
            for what, mend in _step(step, target):
                yield (pack.nodes["step", ladder, step.key], f"{policy.name}, {step.key}: {what}", mend)
        late = [step for step in steps if _place(step) >= (1, 0)]
        node = pack.nodes["target", policy.name, str(target.metric)]
        if not late:
            yield (
                node,
                f"Nobody hears when {target.metric} of {policy.name} is late.",
                "Add a step at due or after it.",
            )
        elif steps[-1].unless == frozenset({"contacted"}) or ROLES[-1] not in {role for s in late for role in s.to}:
            mend = f"Let the last step tell {ROLES[-1]}."
            yield (node, f"A late {target.metric} of {policy.name} ends in nothing below the district.", mend)


def _step(step: Step, target: Target) -> Iterator[tuple[str, str]]:
    offset, budget = step.offset, target.budget
    own_amount = -offset.workdays if budget.kind is TimeKind.WORKDAYS else -offset.minutes
    if offset.workdays and target.calendar == ROUND_THE_CLOCK:
        yield ("every day is a workday round the clock.", f"Give {target.metric} a calendar with workdays.")
    if own_amount > 0 and own_amount >= budget.amount:
        yield ("the step lies before the start of the promise.", "Bring it closer to the due time.")
    if offset.minutes and not offset.minutes % 1_440 and budget.kind is not TimeKind.ELAPSED:
        yield ("a day of 24 hours means three workdays here.", "Write hours or workdays.")
    if abs(offset.minutes) > FURTHEST_STEP or abs(offset.workdays) > 250:
        yield ("the step lies more than a year away.", "Bring it closer: nobody will remember.")
    before = _place(step) < (1, 0)
    if before and step.act not in HARMLESS_BEFORE_DUE:
        yield (f"{step.act} before the promise is broken.", f"Use {', '.join(HARMLESS_BEFORE_DUE)}.")
    if not before and step.act == "yellow_card":
        yield ("a yellow card after the promise is broken.", "Use red_card.")
    if step.acknowledge_within and before:
        yield ("an answer is asked before anything is late.", "Remove acknowledge_within.")


def _extension(pack: Pack, policy: SlaPolicy) -> Iterator[Finding]:
    node = pack.nodes["policy", policy.name]
    resolve, most = policy.targets.get(Metric.RESOLVE), policy.extension_at_most
    if policy.extensions and resolve is None:
        yield (node, f"{policy.name} extends a promise it does not make.", "Remove extensions, or add resolve.")
    elif most and resolve and most.kind is not resolve.budget.kind:
        mend = "Use the same kind of time in both."
        yield (node, f"{policy.name} extends {resolve.budget.kind} time by {most.kind} time.", mend)

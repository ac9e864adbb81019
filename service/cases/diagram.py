"""How does the lifecycle look? `python -m service.cases.diagram > docs/lifecycle.md` writes the page from `MOVES`."""

import sys

from service.cases.rules import MOVES, CaseStatus, ClockEffect, Move

HEAD = """# The life of a case

Made from `MOVES` in `service/cases/rules.py` by `python -m service.cases.diagram > docs/lifecycle.md`; a test holds
that the two agree. The buttons of the pages and the permissions of the API come from the same table.

"""


def page() -> str:
    """Return the page: the diagram, and the table with who may do what."""
    return HEAD + diagram() + "\n" + table()


def diagram() -> str:
    """Return the moves that change the status as a Mermaid state diagram."""
    arrows: dict[tuple[CaseStatus, CaseStatus], list[str]] = {}
    for move in MOVES:
        for status in sorted(move.from_):
            if move.to is not None and move.to is not status:
                arrows.setdefault((status, move.to), []).append(move.action)
    lines = [f"  {a} --> {b}: {', '.join(dict.fromkeys(actions))}" for (a, b), actions in sorted(arrows.items())]
    return "\n".join(["```mermaid", "stateDiagram-v2", "  [*] --> received", "  [*] --> assigned", *lines, "```", ""])


def table() -> str:
    """Return every row of the lifecycle as a Markdown table."""
    head = "| action | from | to | who | must say | may say | clocks |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(_row(move) for move in MOVES)


def _row(move: Move) -> str:
    effect = "" if move.effect is ClockEffect.NONE else move.effect
    clocks = ", ".join(part for part in (effect, move.event and f"event `{move.event}`") if part)
    cells = (
        move.action,
        ", ".join(sorted(move.from_)),
        move.to or "stays",
        ", ".join(sorted(move.who)),
        ", ".join(move.required),
        ", ".join(move.optional),
        clocks,
    )
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(page())

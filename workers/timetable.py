"""What is done regularly, how often, and why. Nothing else decides when a sweep runs."""

from dataclasses import dataclass

SHORTEST_LIFE = 5.0
"""Seconds; a worker that is busy for a moment still takes an order of the seconds before."""


@dataclass(frozen=True)
class Entry:
    """One line: every `every` real seconds the task `task` is sent."""

    task: str
    every: float
    why: str

    @property
    def expires(self) -> float:
        """After so many real seconds an order nobody has taken is worth nothing: the next ones are there."""
        return max(SHORTEST_LIFE, self.every / 2)


TIMETABLE: tuple[Entry, ...] = (
    Entry("clocks.sweep", 1.0, "A step of the ladder is taken within seconds of falling due."),
    Entry("clocks.recompute", 600.0, "A due time is told again when a year's holidays are published or corrected."),
    Entry("policies.compare", 2.0, "A comparison of promises goes on in short slices, its progress seen."),
    Entry("policies.migrate", 2.0, "A migration of open cases goes on from where it stopped, whoever stopped it."),
    Entry("areas.change", 60.0, "A change of the division takes effect on its day."),
    Entry("outbox.sweep", 1.0, "A notice leaves within seconds of being written."),
    Entry(
        "categories.train",
        3600.0,
        "What staff settled yesterday is suggested tomorrow, also where beat starts often.",
    ),
    Entry("parties.tell_late", 15.0, "A worker hears within a quarter of a minute that an outside party is late."),
    Entry("duplicates.read", 2.0, "Who tells the same a moment later is shown that it is known."),
    Entry("duplicates.heat", 300.0, "A head sees within minutes what many people ask for."),
    Entry("duplicates.learn", 3600.0, "What everybody writes says little; case by case it is read once more."),
    Entry("upkeep.close_silent", 60.0, "A resolved case nobody rated is closed after its time."),
    Entry("upkeep.forget", 600.0, "Answers to idempotency keys, attempts and ended sign-ins are dropped."),
    Entry("upkeep.tidy_photos", 3600.0, "Files of photos that no case has, or no case has any more, are deleted."),
    Entry("upkeep.watch", 60.0, "What must never be true is looked for by something that is not the sweep."),
)

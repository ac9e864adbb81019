"""Which words do new cases share with those before, and what do many people ask for?"""

from service.database import transaction
from service.duplicates.actions import learn, read_new
from service.duplicates.heat import find_hot
from workers.app import app, now

BATCH = 100
"""A batch takes about a second: what waits behind it is not held up."""


@app.task(name="duplicates.read")  # type: ignore[untyped-decorator]
def read() -> int:
    """Read the cases that came in since the last look."""
    with transaction() as session:
        return read_new(session, now(), most=BATCH)


@app.task(name="duplicates.learn")  # type: ignore[untyped-decorator]
def learn_words() -> bool:
    """Learn once a day which words are common, and read what was overtaken by others."""
    with transaction() as session:
        read_new(session, now(), most=BATCH, everything=True)
        return learn(session, now())


@app.task(name="duplicates.heat")  # type: ignore[untyped-decorator]
def heat() -> int:
    """Find anew what many people asked for within the week."""
    with transaction() as session:
        return find_hot(session, now())

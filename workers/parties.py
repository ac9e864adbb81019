"""Which jobs of outside parties have run out of time, and who must hear of it?"""

from service.commissions.sweeping import tell_late
from service.database import transaction
from workers.app import app, now

BATCH = 100


@app.task(name="parties.tell_late")  # type: ignore[untyped-decorator]
def tell() -> int:
    """Tell whoever holds a case that a party let its time pass; each due time is told once."""
    with transaction() as session:
        return tell_late(session, now(), most=BATCH)

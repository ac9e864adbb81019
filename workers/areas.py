"""Does a change of the division take effect on its day?"""

from service.database import transaction
from service.rezoning.actions import carry_out_due
from workers.app import app, now

MOST = 100


@app.task(name="areas.change")  # type: ignore[untyped-decorator]
def change() -> int:
    """Carry out what is due, each change in its own transaction; return how many."""
    for done in range(MOST):
        with transaction() as session:
            if not carry_out_due(session, now()):
                return done
    return MOST

"""Every table of the product in one import: what migrations and tests compare the database with."""

from sqlmodel import SQLModel

from service.accounts import tables as accounts
from service.areas import tables as areas
from service.assignments import tables as assignments
from service.attachments import tables as attachments
from service.audit import tables as audit
from service.cases import tables as cases
from service.categories import tables as categories
from service.clocks import tables as clocks
from service.commissions import tables as commissions
from service.duplicates import tables as duplicates
from service.escalations import tables as escalations
from service.feedback import tables as feedback
from service.handling import tables as handling
from service.intake import tables as intake
from service.mine import tables as mine
from service.orders import tables as orders
from service.outbox import tables as outbox
from service.parties import tables as parties
from service.parts import tables as parts
from service.revisions import tables as revisions
from service.rezoning import tables as rezoning
from service.roll import tables as roll
from service.rosters import tables as rosters
from service.routing import tables as routing
from service.texts import tables as texts
from service.timekeeping import ClockAnchor

ROOMS = (
    accounts,
    areas,
    assignments,
    attachments,
    audit,
    cases,
    categories,
    clocks,
    commissions,
    duplicates,
    escalations,
    feedback,
    handling,
    intake,
    mine,
    orders,
    outbox,
    parties,
    parts,
    revisions,
    rezoning,
    roll,
    rosters,
    routing,
    texts,
    ClockAnchor,
)

metadata = SQLModel.metadata

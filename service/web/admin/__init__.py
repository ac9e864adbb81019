"""Where does an administrator look after people, areas, categories, rules and notices?"""

from fastapi import APIRouter, Depends

from service.web.admin.area_boundaries import router as area_boundaries
from service.web.admin.area_changes import router as area_changes
from service.web.admin.area_files import router as area_files
from service.web.admin.areas import router as areas
from service.web.admin.categories import router as categories
from service.web.admin.channels import router as channels
from service.web.admin.duties import router as duties
from service.web.admin.history import router as history
from service.web.admin.outbox import router as outbox
from service.web.admin.overview import router as overview
from service.web.admin.parties import router as parties
from service.web.admin.password_links import router as password_links
from service.web.admin.people import router as people
from service.web.admin.people_files import router as people_files
from service.web.admin.rehearsal import router as rehearsal
from service.web.admin.roster import router as roster
from service.web.admin.rule_coverage import router as rule_coverage
from service.web.admin.rule_drafts import router as rule_drafts
from service.web.admin.rule_files import router as rule_files
from service.web.admin.rule_proposals import router as rule_proposals
from service.web.admin.rules import router as rules
from service.web.admin.texts import router as texts
from service.web.deps import product_now

router = APIRouter(include_in_schema=False, dependencies=[Depends(product_now)])
"""Every page says when time is simulated."""
of_people, of_areas = (
    (people_files, password_links, people, roster, duties),
    (area_files, area_boundaries, area_changes, areas),
)
of_rules = (rules, rehearsal, rule_coverage, rule_files, rule_proposals, rule_drafts)
"""In this order: the address of a single line takes everything that is left."""
for part in (overview, *of_people, *of_areas, categories, *of_rules, parties, texts, history, channels, outbox):
    router.include_router(part, prefix="/admin")

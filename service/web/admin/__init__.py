"""Where does an administrator look after people, areas, categories and rules?"""

from fastapi import APIRouter

from service.web.admin import areas, categories, history, overview, people, roster, rules

router = APIRouter(include_in_schema=False, prefix="/admin")
for part in (overview, people, roster, areas, categories, rules, history):
    router.include_router(part.router)

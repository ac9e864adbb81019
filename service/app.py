"""What does a web process serve? The application, put together in one place.

Start it with `uvicorn --no-access-log service.app:app`: the guard writes the access log, without queries.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from service.logs import configure_logging
from service.settings import get_settings
from service.web import (
    admin,
    alike,
    api,
    board_filters,
    disputes,
    error_pages,
    first_password,
    following,
    health,
    installing,
    kiosk,
    live,
    maps,
    mine,
    notices,
    offline,
    orders,
    orders_api,
    parties_api,
    parts,
    parts_api,
    party_jobs,
    party_page,
    photo_api,
    photos,
    places,
    policies,
    queue_filters,
    receipt,
    resident,
    roster,
    roster_feed,
    several,
    sign_in,
    staff_api,
    standard_texts,
    styleguide,
    supervisor,
    take_down,
    tracking,
    what_if,
    worker,
)
from service.web.catalogues import LANGUAGES, catalogue
from service.web.csrf import check_csrf
from service.web.guard import Guard
from service.web.once import DoneBefore, on_done_before
from service.web.render import STATIC

ROUTERS: tuple[APIRouter, ...] = (
    api.router,
    health.router,
    sign_in.router,
    first_password.router,
    photo_api.router,
    photos.router,
    resident.router,
    kiosk.router,
    receipt.router,
    following.router,
    tracking.router,
    places.router,
    maps.router,
    policies.router,
    what_if.router,
    several.api,
    staff_api.router,
    standard_texts.api,
    orders_api.router,
    parties_api.router,
    parts_api.router,
    supervisor.router,
    board_filters.router,
    admin.router,
    orders.router,
    party_jobs.router,
    party_page.router,
    mine.router,
    parts.router,
    alike.router,
    several.router,
    queue_filters.router,
    standard_texts.router,
    worker.router,
    live.router,
    disputes.router,
    take_down.router,
    notices.router,
    roster.router,
    roster_feed.router,
    installing.router,
    offline.router,
    styleguide.router,
)
"""Everything that can be asked for; a new page module adds its line here."""


@asynccontextmanager
async def steady(_app: FastAPI) -> AsyncIterator[None]:
    """Leave what was loaded out of every later garbage collection: looking through it held all requests for 0.2 s."""
    gc.collect()
    gc.freeze()
    with live.ending_with_the_process():
        yield


def create_app() -> FastAPI:
    """Return the application. Errors: SettingsInvalidError."""
    configure_logging(get_settings().log_level)
    for language in LANGUAGES:
        catalogue(language)

    # No docs_url: the packaged pages load their scripts from other hosts, which our policy forbids.
    app = FastAPI(
        title="Jiban 即办",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_csrf)],
        lifespan=steady,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    error_pages.install(app)
    app.add_exception_handler(DoneBefore, on_done_before)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Guard)
    return app


app = create_app()

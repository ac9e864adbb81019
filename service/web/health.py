"""Is this process alive, is it ready to work, and how is it doing?"""

import os
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from service.migrations.run import is_current
from service.watch.queries import alarms
from service.web.deps import DbSession, Now

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def health(session: DbSession, now: Now) -> JSONResponse:
    """Say that the process lives and what the watch found; 503 when something must never be true and is."""
    found = [asdict(alarm) for alarm in alarms(session, now)]
    body: dict[str, Any] = {"status": "alarm" if found else "ok", "now": now.isoformat(), "alarms": found}
    return JSONResponse(body, 503 if found else 200)


@router.get("/readyz")
def readiness(session: DbSession) -> JSONResponse:
    """Say whether the database can be reached and is migrated: then requests may come."""
    try:
        is_ready = is_current(session.connection())
        reason = "" if is_ready else "the database is not migrated: run `jiban migrate`"
    except SQLAlchemyError as why:
        session.rollback()
        reason = f"the database cannot be reached ({type(why).__name__})"
    body = {"status": "ready"} if not reason else {"status": "not ready", "reason": reason}
    return JSONResponse(body, 503 if reason else 200)


@router.get("/metrics", include_in_schema=False)
def metrics() -> Response:
    """Return the counters for Prometheus.

    With several web processes each has its own counters: PROMETHEUS_MULTIPROC_DIR (an empty folder at start)
    lets any of them answer for all. Without it the answer is that of one process.
    """
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

"""Every address that the product answers, as its tests go through them."""

from collections.abc import Iterator

from fastapi.routing import RouteContext, iter_route_contexts


def routes() -> Iterator[RouteContext]:
    """Yield what can be asked for, also what a router takes over from another one; not the files under /static."""
    from service.app import ROUTERS

    for router in ROUTERS:
        yield from iter_route_contexts(router.routes)

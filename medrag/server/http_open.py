"""The doors that need no key: the page, its files, /healthz, /readyz; and /metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from medrag.errors import Forbidden, NotFound
from medrag.server import schemas
from medrag.server.doors import ERRORS, Known, TheService

STATIC = Path(__file__).resolve().parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def router() -> APIRouter:
    """These routes."""
    routes = APIRouter()

    @routes.get("/healthz", tags=["operation"], response_model=schemas.Health)
    async def healthz() -> Any:
        """Whether the process answers at all."""
        return {"status": "ok"}

    @routes.get(
        "/readyz", tags=["operation"], response_model=schemas.Health,
        responses={503: {"model": schemas.Health}},
    )  # fmt: skip
    async def readyz(request: Request) -> Any:
        """Whether it takes questions: not while it starts or stops."""
        ready = getattr(request.app.state, "ready", False)
        status = "ready" if ready else "starting or stopping"
        return JSONResponse({"status": status}, 200 if ready else 503)

    @routes.get(
        "/metrics", tags=["operation"], response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **ERRORS},
    )  # fmt: skip
    async def metrics(caller: Known, service: TheService) -> Response:
        """Figures in Prometheus' text form. Needs the role admin."""
        caller.require("admin")
        if caller.collections is not None:
            raise Forbidden(
                "These figures are of all collections.", "Ask for a key with --collections '*'."
            )
        return Response(service.figures(), media_type=service.metrics.content_type)

    def page(name: str) -> Response:
        path = STATIC / name
        # Only the package's own files: one path component, of a kind that we serve.
        if "/" in name or "\\" in name or path.suffix not in _TYPES or not path.is_file():
            raise NotFound("There is no such file.", "See the page at /.")
        return FileResponse(
            path, media_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"}
        )

    @routes.get("/", include_in_schema=False)
    async def index() -> Response:
        return page("index.html")

    @routes.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return page("docs.html")

    @routes.get("/widget.js", include_in_schema=False)
    async def widget() -> Response:
        return page("widget.js")

    @routes.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> Response:
        return page("favicon.svg")

    @routes.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        return page(name)

    return routes

"""GET / and below /static/: the console's page, and what it is made of. They hold no data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from gateway.control import auth
from gateway.errors import GatewayError
from gateway.report.colours import console_script, console_style

_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
_STATIC = {  # by path below /static/: nothing else is served
    "console.css": _STYLE,
    "icon.svg": "image/svg+xml",
    "uplot/uplot.css": _STYLE,
    "uplot/uplot.js": _SCRIPT,
    "swagger/swagger-ui.css": _STYLE,
    "swagger/swagger-ui-bundle.js": _SCRIPT,
    "docs.js": _SCRIPT,
} | {
    f"{name}.js": _SCRIPT
    for name in (
        "access audit budgets charts console decisions figures freezes keys map page versions waivers whatif".split()
    )
}
_MADE = {"colours.css": (_STYLE, console_style), "origins.js": (_SCRIPT, console_script)}  # of a table

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Without the token in the address it is 401, and asks for the token."""
    status = 200 if auth.opens_console(request, request.app.state.control) else 401
    return Response(_file("index.html"), status, media_type="text/html; charset=utf-8")


@router.get("/docs")
async def docs() -> Response:
    """The page of the OpenAPI document."""
    return Response(_file("docs.html"), media_type="text/html; charset=utf-8")


@router.get("/static/{name:path}")
async def static(name: str) -> Response:
    """Scripts and styles: the same for everybody."""
    if name in _MADE:
        kind, made = _MADE[name]
        return Response(made(), media_type=kind)
    if name not in _STATIC:
        raise GatewayError("not_found", "the console has no such file")
    return Response(_file(name), media_type=_STATIC[name])


@cache
def _file(name: str) -> bytes:
    return files("gateway").joinpath("console", "static", *name.split("/")).read_bytes()

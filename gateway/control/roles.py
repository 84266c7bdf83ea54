"""The one table of who may do what on the control listener: a path without a row here is not served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.identity import ROLES, Admin, Role


@dataclass(frozen=True, slots=True)
class Needed:
    """What an operation asks of an administrator."""

    role: Role  # the least
    teams: bool = True  # open to administrators of some teams too, who see and change what is theirs alone


Operation = tuple[str, str]  # method, path as the OpenAPI document writes it
_READ, _OPERATE, _ADMINISTER = Needed("viewer"), Needed("operator", teams=False), Needed("admin")

TABLE: Final[Mapping[Operation, Needed]] = {
    ("GET", "/api/session"): _READ,
    ("DELETE", "/api/session"): _READ,
    ("GET", "/api/overview"): _READ,
    ("GET", "/api/decisions"): _READ,
    ("GET", "/api/decisions/{request_id}"): _READ,
    ("GET", "/api/reports/{name}"): _READ,
    ("GET", "/api/catalog"): _READ,
    ("GET", "/api/catalog/{kind}/{id}"): _READ,
    ("GET", "/api/budgets"): _READ,
    ("GET", "/api/policy"): _READ,
    ("POST", "/api/policy/check"): _READ,
    ("POST", "/api/policy/explain"): _READ,
    ("POST", "/api/policy/diff"): _READ,
    ("POST", "/api/policy/reload"): _OPERATE,
    ("GET", "/api/policy/versions"): Needed("admin", teams=False),
    ("GET", "/api/policy/versions/{version}"): Needed("admin", teams=False),
    ("GET", "/api/freezes"): _READ,
    ("POST", "/api/freezes"): _OPERATE,
    ("DELETE", "/api/freezes/{id}"): _OPERATE,
    ("GET", "/api/keys"): _ADMINISTER,
    ("POST", "/api/keys"): _ADMINISTER,
    ("POST", "/api/keys/{id}/rotate"): _ADMINISTER,
    ("POST", "/api/keys/{id}/erase"): _ADMINISTER,
    ("DELETE", "/api/keys/{id}"): _ADMINISTER,
    ("GET", "/api/audit"): Needed("admin", teams=False),
}
SIGN_IN: Final = ("/sign-in", "/sign-in/ways", "/sign-in/callback")
# Served without a role: pages that hold no data, and what has a token of its own.
OPEN: Final[frozenset[str]] = frozenset(
    {"/", "/docs", "/static/{name}", "/openapi.json", "/metrics"} | {"/sign-in", "/sign-in/ways", "/sign-in/callback"}
)


def is_allowed(admin: Admin, needed: Needed) -> bool:
    """By role and by teams."""
    return ROLES.index(admin.role) >= ROLES.index(needed.role) and (needed.teams or admin.teams is None)


def check_allowed(admin: Admin, operation: Operation) -> None:
    """Raises GatewayError `not_allowed`, also for what has no row."""
    needed = TABLE.get(operation)
    method, path = operation
    if needed is None:
        raise GatewayError("not_allowed", f"nobody may {method} {path}")
    if not is_allowed(admin, needed):
        whole = "" if needed.teams else " of all teams"
        said = f"this needs the role {needed.role}{whole}; `{admin.id}` is {told(admin)}"
        raise GatewayError("not_allowed", f"{said}, by `admins:` in callers.yaml")


def told(admin: Admin) -> str:
    """`viewer of research`."""
    return admin.role if admin.teams is None else f"{admin.role} of {', '.join(sorted(admin.teams))}"


def sees(admin: Admin, team: str | None) -> bool:
    """True if what belongs to this team may be shown to them."""
    return admin.teams is None or team in admin.teams

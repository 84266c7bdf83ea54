"""Who is calling, and who administers: keys of callers.yaml, keys that were issued, tokens of an identity provider."""

from gateway.identity.callers import (
    DATA_CLASSES,
    RESERVED_ADMINS,
    ROLES,
    Account,
    Admin,
    Budget,
    Caller,
    Keyring,
    OidcAdmin,
    Rate,
    Role,
    Team,
    TokenRules,
    digest,
)
from gateway.identity.callers_file import (
    AppShape,
    BudgetShape,
    CallersFile,
    KeyShape,
    RateShape,
    TeamShape,
    compile_callers,
)
from gateway.identity.identify import identify
from gateway.identity.issued import Issued, IssuedKey

__all__ = [
    "DATA_CLASSES",
    "RESERVED_ADMINS",
    "ROLES",
    "Account",
    "Admin",
    "AppShape",
    "Budget",
    "BudgetShape",
    "Caller",
    "CallersFile",
    "Issued",
    "IssuedKey",
    "KeyShape",
    "Keyring",
    "OidcAdmin",
    "Rate",
    "RateShape",
    "Role",
    "Team",
    "TeamShape",
    "TokenRules",
    "compile_callers",
    "digest",
    "identify",
]

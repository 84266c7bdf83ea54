"""Simulated vendors: a server that plays three of them, each on a port of its own, by Chat, Responses and Messages.

They answer, price, think, refuse and fail as real ones do, always the same for the same seed and prompt; every reply
says that it is simulated. `GET /requests` on the control port tells what reached them, `POST /script` makes them fail.
"""

from gateway.demo.vendors.profiles import VENDORS, Vendor

__all__ = ["VENDORS", "Vendor"]

"""Clients as people use them, each run against a real gateway: `make clients`; `docs/clients.md` is made of them."""

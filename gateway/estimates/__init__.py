"""What is learned of models and endpoints from how requests ended, shrunk to what the catalogue says. Pure."""

from gateway.estimates.estimate import Estimate
from gateway.estimates.fold import Estimates, Observation
from gateway.estimates.snapshot import PRIORS, Snapshot

__all__ = ["PRIORS", "Estimate", "Estimates", "Observation", "Snapshot"]

"""Permits for the decision's endpoints, and what bounds them: budgets and rates."""

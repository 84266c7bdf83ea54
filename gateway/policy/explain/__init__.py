"""Why a decision fell as it did, and what a rule costs."""

"""What a policy can never do, and what changes between two."""

"""What every worker writes of a request, once, and every reader reads: append-only segments in the state folder."""

"""The control plane: one process beside the workers that shows, explains and administers; a FastAPI application."""

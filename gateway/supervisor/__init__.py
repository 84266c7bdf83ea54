"""The parent: starts the workers and the control process, watches the policy folder, restarts what dies."""

"""What `gateway demo` runs beside the gateway: a real small model on this machine, and simulated vendors."""

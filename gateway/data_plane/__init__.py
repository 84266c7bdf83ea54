"""What a worker serves: its listener, paths and policy. Surfaces parse, hand over and write; they decide nothing."""

"""The host's side of the virtual board."""

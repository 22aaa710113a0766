"""A USD stage as a `Scene`."""

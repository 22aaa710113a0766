"""`Buffers` and a `Scene` as Replicator's annotator values."""

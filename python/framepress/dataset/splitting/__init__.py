"""Splits of a whole dataset: planned over the columns of an index, then pressed; leaks between them are counted."""

"""Datasets on their way to others: organised, described, listed with checksums, made smaller, packed."""

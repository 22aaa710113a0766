"""Choosing frames, views and objects of a dataset, and pressing what was chosen."""

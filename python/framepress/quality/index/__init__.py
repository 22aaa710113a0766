"""Rules that look at a dataset as a whole, through its columns: balance, coverage, splits, clocks."""

"""What is wrong with a dataset: rules with stable codes, checks of truth, reports, gates."""

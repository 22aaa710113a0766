"""What a dataset consists of, how good that is in a few numbers, and what would make it better."""

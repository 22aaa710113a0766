"""What can be put right without guessing, in a copy of the dataset."""

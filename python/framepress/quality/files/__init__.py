"""What holds for the files of every format."""

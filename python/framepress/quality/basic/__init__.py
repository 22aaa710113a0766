"""What is wrong with a BasicWriter recording: `look` takes it in, `rules` compare."""

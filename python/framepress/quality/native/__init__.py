"""What is wrong with a native edition: `look` takes it in, `rules` compare."""

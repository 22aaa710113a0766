"""Independent channels of one frame, and of two neighbours, must agree; numpy alone, so that it runs while writing."""

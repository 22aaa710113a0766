"""Whether an edition holds what the journal says that was written into it."""

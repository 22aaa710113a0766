"""What the pixels of colour images tell: whole, sharp, not black, not twice."""

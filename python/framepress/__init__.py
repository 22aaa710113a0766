"""framepress: simulator frames in, exact datasets out."""

__version__ = "0.1.0"

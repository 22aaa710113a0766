"""`python -m framepress.cli`, for hosts whose scripts folder is not on the path."""

from framepress.cli import main

main(prog_name="framepress")

"""Every benchmark in one run: `make bench`; `--scale` adds the long ones (some twenty minutes)."""

from __future__ import annotations

import sys

import checks
import frame
import images
import index
import masks
import merging
import pack
import render
import scale
import selection
import splits
import validate

import versions

if __name__ == "__main__":
    masks.main([])
    images.main([])
    frame.main([])
    checks.main([])
    render.main([])
    validate.main([])
    pack.main([])
    index.main(["--full"] if "--scale" in sys.argv else [])
    selection.main([] if "--scale" in sys.argv else ["--frames", "100000"])
    splits.main([] if "--scale" in sys.argv else ["--frames", "100000"])
    merging.main(["--full"] if "--scale" in sys.argv else [])
    versions.main(["--rounds", "1"])
    scale.main([] if "--scale" in sys.argv else ["--frames", "1000,10000"])

# All set-up happens here: a fresh Debian machine needs python3.11 with venv, and a package registry.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
OUT ?= out

.PHONY: demo test judges test-slow lint bench pins clean

# Remade whenever the dependencies change.
$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet --editable ".[fast,headless,pack,test,judge,dev]"
	$(RUN) -c "$$COMPILE"
	touch $@

# numba compiles its kernels once a machine: better here than in the first run.
define COMPILE
import numpy
from framepress.ops.masks import mask_table
from framepress.quality.images import png_unfilter_numba
from framepress.storage import png
noise = numpy.random.default_rng(0).integers(0, 255, (64, 96, 3), numpy.uint8)
mask_table(noise[..., 0], rings=True), png.encode(noise), png.encode_ids(noise[..., 0])
endef
export COMPILE

demo: $(VENV)/ready
	rm -rf $(OUT)/demo
	$(VENV)/bin/framepress render data/aisle.py $(OUT)/demo --frames 24 --seed 4 --to native,coco,yolo,kitti \
		--labels config/labels/aisle.yaml --unlisted drop --split train=.75,val=.25
	$(VENV)/bin/framepress info $(OUT)/demo
	$(VENV)/bin/framepress validate $(OUT)/demo --html $(OUT)/demo.html
	$(RUN) docs/examples/draw_labels.py $(OUT)/demo $(OUT)/demo.png

test: $(VENV)/ready lint
	$(RUN) -m pytest -q -m "not judge and not slow"

lint: $(VENV)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Readers too heavy for every day, each in an environment of its own under .venvs/, made on first use.
judges: $(VENV)/ready
	$(RUN) -m pytest -q -m judge

test-slow: $(VENV)/ready
	$(RUN) -m pytest -q -m slow

# The write path, and the extension as it is built, on the exact numpy and Pillow of each Isaac Sim, on its own Python.
pins: $(VENV)/ready
	$(RUN) tests/pins/run.py
	$(RUN) -m pytest -q tests/kit/test_kit_build.py -k packages_of_each_release

bench: $(VENV)/ready
	$(RUN) -m pip install --quiet --editable ".[bench]"
	$(RUN) bench/run.py

clean:
	rm -rf $(VENV) .venvs $(OUT) .pytest_cache .mypy_cache .ruff_cache

# make setup | demo | serve | test | bench | lint | board | fuzz
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
BEAM := $(VENV)-beam
READY := $(VENV)/.ready

.PHONY: setup demo demo-kaggle serve test versions bench lock lock-arm beam fuzz lint board clean
.DEFAULT_GOAL := help

help:
	@echo "make setup  the virtual environment in $(VENV), from requirements.lock"
	@echo "make demo   draw faces, make records, train, freeze, infer: everything once, in minutes"
	@echo "make serve  the web page and the REST service on http://127.0.0.1:8068/ (PORT=N: another port)"
	@echo "make demo-kaggle  the same with 15 points, in the files of Kaggle's facial-keypoints-detection"
	@echo "make test   all tests"
	@echo "make versions  the tests of inference with other Pythons, NumPys and OpenCVs, each in an environment of its own; ONLY='oldest opencv5': some"
	@echo "make bench  speed and accuracy, a page a section in docs/benchmarks/; DATA='300W 300W_LP' PHOTOS=DIR MASKS=FILE: on real faces too; ONLY='roll pose': some sections"
	@echo "make beam   Apache Beam in $(BEAM), for tools/make_records.py --runner and the tests that need it"
	@echo "make fuzz   10,000 damaged annotations and as many pictures through the readers, 2,000 damaged models, 1,000 pictures sent to the service, as tables"
	@echo "make lock   requirements.lock and requirements-scale.lock anew from the .in files; UPGRADE=1: with the newest packages"
	@echo "make lock-arm  every wheel of the lock files for aarch64, its hash checked (a gigabyte to load)"
	@echo "make lint   ruff (rules and format) and mypy"
	@echo "make board  TensorBoard on runs/ and demo/"

setup: $(READY)

# installed again only when the lock file changes
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"setup: found Python {v[0]}.{v[1]}, expected 3.11 to 3.13; name one with PYTHON=...")'
	@echo "setup: the virtual environment $(VENV), with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@# an older environment has the OpenCV with windows: both lie in one folder, so that one there is enough
	@$(PY) -m pip uninstall --quiet --disable-pip-version-check --yes opencv-python 2>/dev/null
	@echo "setup: the packages of requirements.lock, 3 GB on disk; pip names each that it loads, then unpacks them all"
	@$(PY) -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "setup: done"
	@touch $@

demo: setup
	$(PY) tools/demo.py

serve: setup
	$(PY) infer/serve.py $(if $(PORT),--port $(PORT))

demo-kaggle: setup
	$(PY) tools/kaggle/demo.py

test: setup
	@$(MAKE) --no-print-directory beam || echo "found no Apache Beam to install: its tests are skipped"
	$(PY) -m pytest -q -n auto --dist loadfile --no-loadscope-reorder tests

bench: setup
	@$(PY) tools/bench.py $(if $(DATA),--data $(DATA)) $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(MASKS),--masks $(MASKS)) $(if $(ONLY),--only $(ONLY))

# beside the other environment: what is tested with what stands in tests/versions.py
versions: setup
	$(PY) tests/versions.py $(if $(ONLY),--only $(ONLY))

# Apache Beam wants an older protobuf, so it can't stand in the other environment. That one is laid under this one by a
# .pth file: what both agree on is found there and not installed twice, so that it is made in seconds
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
beam: $(BEAM)/.ready

$(BEAM)/.ready: requirements-scale.lock $(READY)
	$(PY) -m venv --clear $(BEAM)
	$(PY) $(PURELIB) > "$$($(BEAM)/bin/python $(PURELIB))/landmark68.pth"
	$(BEAM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-scale.lock
	@touch $@

# The lock files anew, for every system and for Python 3.11 to 3.13, with hashes of every file there is. What they pin
# stays where it fits (UPGRADE=1: all of the newest); that of Beam has the pins of the other
UV := $(VENV)-lock/bin/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: $(UV)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.lock
	cp requirements.lock requirements-scale.lock
	$(COMPILE) requirements-scale.in -o requirements-scale.lock

# every wheel for a machine that is not here, into a folder, with its hash checked
lock-arm: $(UV)
	for python in 3.11 3.12 3.13; do \
	    $(UV) pip install --quiet --require-hashes --only-binary :all: --python-platform aarch64-manylinux_2_28 \
	        --python-version $$python --target $(VENV)-lock/aarch64 -r requirements-scale.lock && \
	    $(UV) pip install --quiet --require-hashes --only-binary :all: --python-platform aarch64-manylinux_2_28 \
	        --python-version $$python --target $(VENV)-lock/aarch64 -r requirements.lock && \
	    echo "Python $$python: all wheels are there for aarch64" && rm -rf $(VENV)-lock/aarch64 || exit 1; done

$(UV):
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv

fuzz: setup
	$(PY) tests/fuzz/records.py
	$(PY) tests/fuzz/models.py
	$(PY) tests/fuzz/service.py

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy --python-version 3.10 infer

board: setup
	$(VENV)/bin/tensorboard --logdir_spec runs:runs,demo:demo

clean:
	rm -rf $(VENV) $(VENV)-versions $(VENV)-lock $(BEAM) demo output

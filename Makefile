# make setup | demo | serve | test | bench | lint | board | fuzz
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
BEAM := $(VENV)-beam
READY := $(VENV)/.ready

.PHONY: setup demo demo-kaggle serve test bench opencv5 beam fuzz lint board clean
.DEFAULT_GOAL := help

help:
	@echo "make setup  the virtual environment in $(VENV), from requirements.lock"
	@echo "make demo   draw faces, make records, train, freeze, infer: everything once, in minutes"
	@echo "make serve  the web page and the REST service on http://127.0.0.1:8068/ (PORT=N: another port)"
	@echo "make demo-kaggle  the same with 15 points, in the files of Kaggle's facial-keypoints-detection"
	@echo "make test   all tests"
	@echo "make bench  speed and accuracy, a page a section in docs/benchmarks/; DATA='300W 300W_LP' PHOTOS=DIR: on real faces too; ONLY='roll pose': some sections"
	@echo "make opencv5  OpenCV 5 in $(VENV)-opencv5, which the formats section of make bench looks for"
	@echo "make beam   Apache Beam in $(BEAM), for tools/make_records.py --runner and the tests that need it"
	@echo "make fuzz   10,000 damaged annotations and as many pictures through the readers, 2,000 damaged models, 1,000 pictures sent to the service, as tables"
	@echo "make lint   ruff (rules and format) and mypy"
	@echo "make board  TensorBoard on runs/ and demo/"

setup: $(READY)

# installed again only when the lock file changes
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"setup: found Python {v[0]}.{v[1]}, expected 3.11 to 3.13; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

demo: setup
	$(PY) tools/demo.py

serve: setup
	$(PY) infer/serve.py $(if $(PORT),--port $(PORT))

demo-kaggle: setup
	$(PY) tools/kaggle/demo.py

test: setup
	@$(MAKE) --no-print-directory beam || echo "found no Apache Beam to install: its tests are skipped"
	$(PY) -m pytest -q -n auto --dist loadfile tests

bench: setup
	$(PY) tools/bench.py $(if $(DATA),--data $(DATA)) $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(ONLY),--only $(ONLY))

# beside the other environment, for OpenCV 4 and 5 can't stand in one
opencv5:
	$(PYTHON) -m venv $(VENV)-opencv5
	$(VENV)-opencv5/bin/python -m pip install --quiet --disable-pip-version-check 'opencv-python-headless>=5,<6' numpy

# Apache Beam wants an older protobuf, so it can't stand in the other environment. That one is laid under this one by a
# .pth file: what both agree on is found there and not installed twice, so that it is made in seconds
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
beam: $(BEAM)/.ready

$(BEAM)/.ready: requirements-scale.lock $(READY)
	$(PY) -m venv --clear $(BEAM)
	$(PY) $(PURELIB) > "$$($(BEAM)/bin/python $(PURELIB))/landmark68.pth"
	$(BEAM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-scale.lock
	@touch $@

fuzz: setup
	$(PY) tests/fuzz/records.py
	$(PY) tests/fuzz/models.py
	$(PY) tests/fuzz/service.py

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

board: setup
	$(VENV)/bin/tensorboard --logdir_spec runs:runs,demo:demo

clean:
	rm -rf $(VENV) $(VENV)-opencv5 $(BEAM) demo output

# Two commands on a fresh machine: `make demo` and `make test`. Both make the environment where it
# is missing, say what they do during long steps, and cost nothing the second time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
LIBRARY := .medrag
ASK = $(BIN)/medrag --library $(LIBRARY) ask

.PHONY: help install demo test browser lint samples bench clean

help:
	@echo "make demo      install, ingest corpora/, ask three questions"
	@echo "make test      install, lint, type check, run every test"
	@echo "make browser   the page in Chromium, with axe-core for accessibility (needs npm)"
	@echo "make slow      the tests that take minutes: fuzzing, kills, floods"
	@echo "make bench     the slow measurements (see tests/benchmarks/RESULTS.md)"
	@echo "make samples   render the PDF and DOCX files of corpora/ anew"
	@echo "make clean     remove the environment and the demo library"

install: $(STAMP)

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "medrag needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "[1/4] Making the environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade pip
	@echo "[2/4] Installing PyTorch and the other libraries (a minute or more, some 300 MB)"
	@$(PIP) install --quiet -c constraints.txt torch==2.13.0
	@$(PIP) install --quiet -c constraints.txt sentence-transformers faiss-cpu onnxruntime
	@echo "[3/4] Compiling llama-cpp-python (about 4 minutes the first time, silent meanwhile)"
	@$(PIP) install --quiet -c constraints.txt llama-cpp-python
	@echo "[4/4] Installing medrag itself"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $(STAMP)
	@echo "Installed. Try: $(BIN)/medrag --help"

demo: $(STAMP)
	@echo "--- medrag ingest corpora (sample documents, not for clinical use)"
	@$(BIN)/medrag --library $(LIBRARY) ingest corpora/guidelines corpora/formulary \
	  corpora/protocols corpora/notes
	@echo; echo "--- 1. A question answered from a PDF"
	@echo 'medrag ask "At what eGFR should metformin be stopped?"'
	@$(ASK) "At what eGFR should metformin be stopped?"
	@echo; echo "--- 2. A question answered from a table of the formulary"
	@echo 'medrag ask "What is the dose of apixaban when creatinine clearance is 15 to 29 mL/min?"'
	@$(ASK) "What is the dose of apixaban when creatinine clearance is 15 to 29 mL/min?"
	@echo; echo "--- 3. A question that the samples cannot answer"
	@echo 'medrag ask "What is the dose of rivaroxaban for atrial fibrillation?"'
	@$(ASK) "What is the dose of rivaroxaban for atrial fibrillation?" || test $$? -eq 3
	@echo; echo "Ask your own: $(BIN)/medrag ask \"...\"   or your own folder: $(BIN)/medrag --library mine ingest FOLDER"

test: $(STAMP) lint
	@echo "--- pytest"
	@$(BIN)/python -m pytest

# TEST_SCREENSHOTS=folder make browser: a picture of every step.
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
$(AXE):
	@npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1

browser: $(STAMP) $(AXE)
	@$(BIN)/python -m pytest tests/server/test_browser_*.py tests/server/test_widget.py

# Fuzzing of the API, kills during uploads, floods: minutes of their own.
slow: $(STAMP)
	@$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	@echo "--- ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@echo "--- mypy"
	@$(BIN)/mypy

samples: $(STAMP)
	@$(BIN)/python corpora/build_samples.py

bench: $(STAMP)
	@$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) $(LIBRARY) .pytest_cache .mypy_cache .ruff_cache

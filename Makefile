# Each target is a task of dev.py, which needs only Python 3.11 or newer. On Windows, without make: py dev.py demo
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
ifeq ($(PYTHON),)
$(error No Python 3.11 or newer found (tried python3.11, python3.12, python3.13, python3, python). Install one, then run make again)
endif
TASKS := demo test test-long lint docs config model figures lock setup

.PHONY: help $(TASKS)
.NOTPARALLEL:

help:
	@$(PYTHON) dev.py

# ARGS goes to the task: make test ARGS="tests/unit -x", make demo ARGS="--out /tmp/demo"
$(TASKS):
	@$(PYTHON) dev.py $@ $(ARGS)

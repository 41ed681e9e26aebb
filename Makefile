# Thin aliases: run.py does the work and needs nothing but Python.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs clean

help:
	@$(PYTHON) run.py --help

demo test check bench docs clean:
	@$(PYTHON) run.py $@ $(ARGS)

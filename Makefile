# Every target is one line that calls the command `course`; course.py makes the environment first where needed.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help course test lab serve train classroom doctor lock clean

help:       ## list the targets
	@$(PYTHON) course.py --targets $(MAKEFILE_LIST)
course:     ## set up, execute every notebook, build the site and the student edition
	@$(PYTHON) course.py build
test:       ## set up, build, then run every test
	@$(PYTHON) course.py test
lab:        ## JupyterLab on the student edition
	@$(PYTHON) course.py lab
serve:      ## the built site on localhost
	@$(PYTHON) course.py serve
train:      ## train every stored run again on the real data (hours)
	@$(PYTHON) course.py train --all
classroom:  ## a demo class: release, submit, autograde, feedback, export
	@$(PYTHON) course.py classroom
doctor:     ## check this machine and say what is missing
	@$(PYTHON) course.py doctor
lock:       ## resolve pyproject.toml again into requirements.lock
	@$(PYTHON) course.py lock
clean:      ## delete everything that was built; the environment stays
	@$(PYTHON) course.py clean

# Two commands: `make run` and `make test`. Both set up .venv by themselves; only Python >= 3.11 and make are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamp carries the lock's checksum: an unchanged lock costs nothing, a changed one installs anew.
LOCK := requirements/development.txt
STAMP := $(VENV)/.installed-$(shell cksum < $(LOCK) | cut -d' ' -f1)
SOURCES := config core stores audit jobs approvals trials members tags catalog points wallet coupons passes gifts tiers campaigns checkout lifecycle reports console
# Development tools run with settings that start no server of their own accord but the tests' one.
TESTING := DJANGO_SETTINGS_MODULE=config.settings.test
# Made-up values: `check --deploy` reads settings, it connects to nothing.
PRODUCTION := DJANGO_SETTINGS_MODULE=config.settings.production SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))") \
	PHONE_KEY=only-for-the-check ALLOWED_HOSTS=shop.example DATABASE_URL=postgres://a@localhost/a DATABASE_OWNER_URL=postgres://o@localhost/o REDIS_URL=redis://localhost/0

.DEFAULT_GOAL := help
.PHONY: help run test test-faults lint reset lock shell bench install

help:
	@echo "make run    start everything and print the address      make test   lint and all tests"
	@echo "make lint   all static checks                           make bench  measure speed, write bench/results.json"
	@echo "make shell  a Python shell with the models              make reset  delete the local data"
	@echo "make test-faults    kill things while selling, minutes"
	@echo "make lock   write the requirement locks anew"

install: $(STAMP)

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@rm -f $(VENV)/.installed-*
	@touch $@

run: $(STAMP)
	@PATRON_FOLLOW_PARENT=True exec $(BIN)/python -m config.run

reset: $(STAMP)
	@$(BIN)/python -m config.run reset

shell: $(STAMP)
	@$(BIN)/python manage.py shell

bench: $(STAMP)
	@$(BIN)/python -m bench

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/mypy $(SOURCES) manage.py
	$(TESTING) $(BIN)/python manage.py translations --check
	$(TESTING) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

test: lint
	$(TESTING) $(BIN)/python manage.py translations --compile
	$(BIN)/python -m pytest -n auto --dist loadgroup --create-db --ignore=tests/faults -q

test-faults: $(STAMP)
	$(BIN)/python -m pytest tests/faults --create-db -q -s

lock:
	@command -v uv >/dev/null || test -x $(BIN)/uv || { echo "make lock needs uv."; exit 1; }
	@for name in runtime development journey; do PATH="$(BIN):$$PATH" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		requirements/$$name.in -o requirements/$$name.txt; done

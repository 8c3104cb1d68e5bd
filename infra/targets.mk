# Google Cloud: deployment, and the checks of what is deployed. The Makefile includes this file.

# In the cloud, predict and streaming take their model from the bucket.
deploy destroy validate-infra: REGISTRY := 1

.PHONY: deploy
deploy: .venv/.development build ## Deploy everything to Google Cloud (PROJECT= REGION= VARS='-var domain=…' DRY_RUN=1); see infra/README.md
	$(BIN)/python -m tools.deployment.deploy deploy --project $(PROJECT) --region $(REGION) $(VARS)

.PHONY: destroy
destroy: .venv/.development build ## Remove everything from Google Cloud, except a data bucket that is not empty (PROJECT= REGION= VARS=)
	$(BIN)/python -m tools.deployment.deploy destroy --project $(PROJECT) --region $(REGION) $(VARS)

.PHONY: test-infra
test-infra: .venv/.development tools/linters/node_modules/.installed ## Check the Terraform files, the Dockerfiles and the workflows
	$(BIN)/python -m pytest tests/unit/infra
	node tools/linters/hcl_format.mjs --check infra

.PHONY: fmt-infra
fmt-infra: tools/linters/node_modules/.installed ## Format the Terraform files
	node tools/linters/hcl_format.mjs infra

tools/linters/node_modules/.installed: tools/linters/package-lock.json
	cd tools/linters && npm ci --no-audit --no-fund
	touch $@

.venv-linters/.installed: tools/linters/requirements.txt
	test -x .venv-linters/bin/python || $(PYTHON) -m venv .venv-linters
	.venv-linters/bin/pip install --quiet --disable-pip-version-check -r tools/linters/requirements.txt
	touch $@

.PHONY: scan-infra
scan-infra: .venv-linters/.installed ## Scan with checkov, hadolint, check-jsonschema and zizmor
	.venv-linters/bin/checkov --config-file infra/.checkov.yaml
	.venv-linters/bin/hadolint Dockerfile infra/images/*.Dockerfile
	.venv-linters/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv-linters/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	.venv-linters/bin/zizmor --offline --quiet .github/workflows

.PHONY: validate-infra
validate-infra: build ## Run terraform validate, which downloads the provider
	terraform -chdir=infra init -backend=false -input=false
	terraform -chdir=infra validate

.PHONY: infra-schema
infra-schema: .venv/.runtime ## Update infra/google_schema.json from the provider's bindings on PyPI
	$(BIN)/python -m tools.deployment.provider_schema

.PHONY: infra-costs
infra-costs: .venv/.runtime ## Recompute the table of costs in infra/README.md
	$(BIN)/python -m tools.deployment.cost

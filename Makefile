# posthog-mcp. `make` alone lists the targets.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CACHE    ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/posthog-mcp
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
LINT     := golangci-lint
LINT_VER := v2.15.0
FUZZTIME ?= 30s
N        ?= 20000
MB       ?= 16
SEED     ?= 1
LEAST    ?= 99.9
CORPUS   ?= testdata/hogql/own.jsonl testdata/questions/hogql.jsonl
GO_FILES := $(shell find cmd internal -name '*.go' 2>/dev/null)

.PHONY: help demo test check golden engine sandbox build lint cover fuzz bench bench-parity parity hostile soak tools e2e-deps e2e tidy clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: engine build e2e-deps ## run the whole path on sample data and show what an agent sees
	@node e2e/demo.mjs

test: engine e2e-deps build ## run all tests, the engine's and the real clients' among them
	go test ./...
	@node --test --test-reporter=spec e2e/test/

sandbox: engine build ## keep the look-alike of PostHog running and print how to plug the server in
	@scripts/sandbox.sh

build: bin/posthog-mcp bin/posthog-sandbox ## build both binaries into bin/

bin/posthog-mcp: go.mod go.sum $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/posthog-mcp

bin/posthog-sandbox: go.mod go.sum $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $@ ./cmd/posthog-sandbox

engine: ## fetch the embedded ClickHouse (178 MB, once, into a cache folder)
	@scripts/engine.sh

check: tidy lint test ## all that CI runs: formatting, vet, linters, tests, race detector
	CGO_ENABLED=1 go test -race -short ./internal/driver/... ./internal/server/... ./internal/tools/...

tidy: ## go.mod, formatting and vet hold
	go mod tidy -diff
	@test -z "$$(gofmt -l cmd internal)" || { gofmt -l cmd internal; echo 'run: gofmt -w cmd internal'; exit 1; }
	go vet ./...

lint: $(CACHE)/bin/$(LINT)-$(LINT_VER) ## run the linters
	$< run

$(CACHE)/bin/$(LINT)-$(LINT_VER):
	@echo 'building $(LINT) $(LINT_VER) (two minutes, once)'
	@mkdir -p $(@D)
	GOBIN=$(@D)/tmp go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VER)
	@mv $(@D)/tmp/$(LINT) $@ && rm -rf $(@D)/tmp

golden: engine ## rewrite the golden files; the diff is the review
	UPDATE=1 go test ./...

cover: engine build e2e-deps ## statement coverage of internal/
	go test -coverprofile=coverage.out -coverpkg=./internal/... ./...
	@scripts/coverage.sh coverage.out

fuzz: ## run each fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

bench: engine ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

bench-parity: e2e-deps ## speed of the HogQL parser beside go/parser's and PostHog's own parser's
	@node e2e/parity/bench.mjs

parity: build e2e-deps ## compare the HogQL parser with PostHog's own: CORPUS=file N=random queries SEED=n LEAST=percent
	@node e2e/parity/parity.mjs --random $(N) --seed $(SEED) --least $(LEAST) $(CORPUS)

hostile: ## time the HogQL front end on attacks of 1, 4 and 16 MB
	go run ./internal/hogql/hostile/measure -mb $(MB)

soak: engine ## 20,000 calls by 256 callers through seeded chaos, under the race detector
	SOAK=1 CGO_ENABLED=1 go test -race -count=1 -run 'Soak' -v ./internal/driver/

e2e: build engine e2e-deps e2e/clients/node_modules/.package-lock.json ## run the real clients, Claude Code among them, against the binaries
	@node --test --test-reporter=spec e2e/test/ e2e/clients/

e2e/clients/node_modules/.package-lock.json: e2e/clients/package.json e2e/clients/package-lock.json
	@npm --prefix e2e/clients ci --silent --no-audit --no-fund
	@touch $@

tools: build e2e-deps ## print names, bytes and tokens of what an agent sees
	@node e2e/tools.mjs

e2e-deps: e2e/node_modules/.package-lock.json

e2e/node_modules/.package-lock.json: e2e/package.json e2e/package-lock.json
	@npm --prefix e2e ci --silent --no-audit --no-fund
	@touch $@

clean: ## remove what make built here (the engine stays in its cache)
	rm -rf bin coverage.out e2e/node_modules e2e/clients/node_modules

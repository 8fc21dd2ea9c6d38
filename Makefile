# Every action has one verb; CI calls the same verbs.

GO ?= go
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/thalweg
	$(GO) build -o bin/thalweg ./cmd/thalweg

quickstart: ## Run the first example
	$(GO) run ./cmd/thalweg run examples/quickstart.sql

test: ## Run all tests (the README's command)
	$(GO) test ./...

short: ## Run the quick tests only
	$(GO) test -short ./...

race: ## Run the tests of the concurrent rooms under the race detector
	$(GO) test -race -short -timeout 15m ./engine/... ./state/... ./connectors/... ./operators/op/... ./operators/groupagg/...

invariants: ## Run the tests with costly checks and poisoned memory
	$(GO) test -short -tags invariants ./internal/... ./state/... ./operators/... ./engine/...

oracle: ## Compare queries with an independent database (a nested module), some circumstances
	cd benchmarks/oracle && $(GO) test -short ./...

oracle-full: ## The same under all circumstances; takes some minutes
	cd benchmarks/oracle && $(GO) test -count=1 -timeout 60m ./...

crash: ## Kill the server with -9 at twenty random moments and count every row
	$(GO) test ./cmd/thalweg -run Kill9 -count=1 -v

crash-kinesis: ## Kill the server with -9 fifty times while clients put records by the Kinesis API
	$(GO) test ./cmd/thalweg -run KinesisSurvives -count=1 -v -args -kinesis-kills 50

clients: ## AWS's own clients (JavaScript, boto3, CLI, then KCL and KPL), installed into a cache folder
	engine/awsapi/clients/run.sh
	engine/awsapi/clients/kcl.sh

clients-kcl: ## The Kinesis Client and Producer Libraries alone (Java, Maven, npm)
	engine/awsapi/clients/kcl.sh

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || (echo "run gofmt -w on these"; exit 1)
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

rewrite: ## Rewrite golden files (review the diff like code)
	$(GO) test ./sql/... ./planner/... ./operators/... ./state/... ./engine/... -rewrite

fuzz: ## Fuzz the parser, the planner and the codecs, a minute each
	$(GO) test ./sql -fuzz FuzzParse -fuzztime 60s
	$(GO) test ./planner -run FuzzPlan -fuzz FuzzPlan -fuzztime 60s
	$(GO) test ./connectors/format -fuzz FuzzJSON -fuzztime 60s

bench: build ## Run the Nexmark suite
	bin/thalweg bench nexmark --events 5000000

bench-kinesis: ## PutRecords over HTTP against kinesalite from npm, in one run
	benchmarks/putrecords/compare.sh

microbench: ## Run the kernels' benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./internal/rowcodec ./state/... ./operators/... ./connectors/... ./engine/awsapi/...

.PHONY: help build quickstart test short race invariants oracle oracle-full crash crash-kinesis clients clients-kcl lint rewrite fuzz bench bench-kinesis microbench

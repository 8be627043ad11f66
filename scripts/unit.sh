#!/usr/bin/env bash
# Runs all tests: first those of the modules inside this one (examples, bench), then
# our own, so that the last lines are go test's. Stops at the first go test that fails.
# With -race the packages have the race detector, but for the programs, the account pages
# and what runs them beside Django: they start hundreds of processes and drive a browser,
# which it makes slow; what they call has it in its own tests. Without
# vet, which make lint runs, and without debugging information, which takes long to link.
#
# usage: scripts/withservers.sh scripts/unit.sh [-race]
set -euo pipefail
cd "$(dirname "$0")/.."

export GOFLAGS="${GOFLAGS:-} -vet=off -ldflags=-w"
find . -mindepth 2 -name go.mod -not -path "*/.*" -not -path "*/testdata/*" | sort | while IFS= read -r module; do
  echo "== $(dirname "$module")"
  go -C "$(dirname "$module")" test -timeout 10m ./...
done
echo "== ."
processes='/(cmd|conformance|views)(/|$)'
# shellcheck disable=SC2046 # lists of words
go test -timeout 25m "$@" $(go list ./... | grep -vE "$processes")
# shellcheck disable=SC2046
exec go test -timeout 25m $(go list ./... | grep -E "$processes")

#!/usr/bin/env bash
# Runs all tests: first those of the modules inside this one (examples, bench), then
# our own, so that the last lines are go test's. Stops at the first go test that fails.
# With -race the packages whose goroutines share something have the race detector: it takes
# three times as long, and most of all for what starts processes and browsers. Without
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
shared='/(accounts|auth|database|messages|middleware|password|sessions|signing|throttle)(/|$)'
# shellcheck disable=SC2046 # lists of words
go test -timeout 25m "$@" $(go list ./... | grep -E "$shared")
# shellcheck disable=SC2046
exec go test -timeout 25m $(go list ./... | grep -vE "$shared")

#!/usr/bin/env bash
# Runs all tests: first those of the modules inside this one (examples, bench), then
# our own, so that the last lines are go test's. Stops at the first module that
# fails. Without vet, which make lint runs, and without debugging information, which
# takes long to link.
#
# usage: scripts/withservers.sh scripts/unit.sh
set -euo pipefail
cd "$(dirname "$0")/.."

export GOFLAGS="${GOFLAGS:-} -vet=off -ldflags=-w"
find . -mindepth 2 -name go.mod -not -path "*/.*" -not -path "*/testdata/*" | sort | while IFS= read -r module; do
  echo "== $(dirname "$module")"
  go -C "$(dirname "$module")" test -timeout 10m ./...
done
echo "== ."
exec go test -timeout 25m ./...

#!/usr/bin/env bash
# Runs all tests: first those of the modules inside this one (bench, bench/peers, examples, otel), then our own,
# the last of them at the same time as those of conformance, whose output follows at the end.
# Stops at the first go test that fails, but for these two, which both run to their end.
# With -race the packages whose goroutines share something have the race detector: it takes
# three times as long, and most of all for what starts processes and browsers. SQLite, which
# computes on memory of its connection alone, is compiled without it. Without
# vet, which make lint runs, and without debugging information, which takes long to link.
#
# usage: scripts/withservers.sh scripts/unit.sh [-race]
set -euo pipefail
cd "$(dirname "$0")/.."

export GOFLAGS="${GOFLAGS:-} -vet=off -ldflags=-w"
find . -mindepth 2 -name go.mod -not -path "*/.*" -not -path "*/testdata/*" -not -path "./conformance/*" | sort |
  while IFS= read -r module; do
    echo "== $(dirname "$module")"
    go -C "$(dirname "$module")" test -timeout 10m ./...
  done
echo "== ."
shared='/((accounts|auth|database|inspector|messages|middleware|sessions|signing|throttle)(/|$)|password$)'
more=$(($(getconf _NPROCESSORS_ONLN) + 1)) # than processors, since these tests wait for databases and clocks
# shellcheck disable=SC2046 # lists of words
go test -p "$more" -timeout 25m -gcflags="github.com/ncruces/go-sqlite3-wasm/...=${1:+-race=false}" "$@" $(go list ./... | grep -E "$shared")

half=$((($(getconf _NPROCESSORS_ONLN) + 1) / 2)) # of the processors, since conformance has the rest
output=$(mktemp)
# Anew each time: what conformance runs and reads outside of its module, the cache does not see.
go -C conformance test -count=1 -timeout 25m ./... >"$output" 2>&1 &
conformance=$!
trap 'kill "$conformance" 2>/dev/null || true; rm -f "$output"' EXIT
status=0
# shellcheck disable=SC2046
go test -p "$half" -timeout 25m $(go list ./... | grep -vE "$shared") || status=1
wait "$conformance" || status=1
echo "== ./conformance"
cat "$output"
exit $status

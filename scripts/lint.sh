#!/usr/bin/env bash
# Holds the form of the code: gofumpt, go build, go vet and staticcheck, over the
# module and over those inside it, such as bench. The tools' versions are pinned
# here.
#
# usage: scripts/lint.sh          check
#        scripts/lint.sh --write  format instead
set -euo pipefail
cd "$(dirname "$0")/.."

export GOBIN=$PWD/.cache/bin
go install mvdan.cc/gofumpt@v0.12.0

files() { find . -name "*.go" -not -path "*/.*" -print0; }

if [ "${1:-}" = --write ]; then
  files | xargs -0 -r "$GOBIN/gofumpt" -w
  exit
fi

echo "gofumpt"
unformatted=$(files | xargs -0 -r "$GOBIN/gofumpt" -l)
if [ -n "$unformatted" ]; then
  printf '%s\nnot in gofumpt form; run: make fmt\n' "$unformatted" >&2
  exit 1
fi

go install honnef.co/go/tools/cmd/staticcheck@v0.8.2 # 2026.2.2
find . -name go.mod -not -path "*/.*" -not -path "*/testdata/*" | sort | while IFS= read -r module; do
  (
    cd "$(dirname "$module")"
    echo "go build, go vet, staticcheck: $(go list -m)"
    go build -o /dev/null ./...
    go vet ./...
    "$GOBIN/staticcheck" ./...
  )
done

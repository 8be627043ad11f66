#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another, FUZZTIME each (default
# 60s). Finds the targets by itself.
#
# usage: FUZZTIME=60s scripts/fuzz.sh [regular expression of targets]
set -euo pipefail
cd "$(dirname "$0")/.."

only=${1:-.}
status=0 ran=0
while IFS=: read -r file target; do
  ran=$((ran + 1))
  folder=$(dirname "$file")
  echo "== $folder $target"
  go -C "$folder" test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}" -fuzzminimizetime 1s . </dev/null || status=1
done < <(grep -roE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' --exclude-dir=bench --exclude-dir='.?*' . | sed 's/func //' | grep -E "$only")
echo "$ran fuzz targets, ${FUZZTIME:-60s} each"
exit $status

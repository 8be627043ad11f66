#!/usr/bin/env bash
# Runs a command with a throwaway PostgreSQL and MariaDB in its environment, for
# all test binaries together. Built rather than `go run`, which would add a line
# to the command's output and hide its exit status.
#
# usage: scripts/withservers.sh command [argument...]
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
(cd "$top" && go build -o .cache/withservers ./internal/testenv/cmd/withservers)
exec "$top/.cache/withservers" -- "$@"

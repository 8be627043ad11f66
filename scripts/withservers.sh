#!/usr/bin/env bash
# Runs a command with a throwaway PostgreSQL and MariaDB in its environment, for
# all test binaries together. Built rather than `go run`, which would add a line
# to the command's output and hide its exit status.
# Temporary files are in memory where that has room: creating Django's tables in MariaDB
# takes five times as long on a disk.
#
# usage: scripts/withservers.sh command [argument...]
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
(cd "$top" && go build -o .cache/withservers ./internal/testenv/cmd/withservers)

# roomy reports whether /dev/shm is in memory, runs programs and has 6 GB to spare, on it and in all.
roomy() {
  [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || return 1
  [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 6000000 ] || return 1
  [ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -gt 8000000 ] || return 1
  local program status
  program=$(mktemp -p /dev/shm) && printf '#!/bin/sh\n' >"$program" && chmod +x "$program" && "$program"
  status=$?
  rm -f "$program"
  return "$status"
}

if [ -z "${TMPDIR:-}" ] && roomy; then
  export TMPDIR=/dev/shm
fi
exec "$top/.cache/withservers" -- "$@"

#!/usr/bin/env bash
# Breaks the code on purpose, one patch of sabotage/ after another, and checks that
# the tests that the patch names notice: without it they pass, with it each of them
# fails. Works on copies in .cache/sabotage, two at a time; their place is always the
# same so that Go's build cache knows it.
#
# usage: scripts/withservers.sh scripts/sabotage.sh [regular expression of patches]
set -euo pipefail
cd "$(dirname "$0")/.."

top=$PWD jobs=2
mapfile -t patches < <(printf '%s\n' sabotage/*.patch | grep -E -- "${1:-.}")
if [ ${#patches[@]} = 0 ]; then
  echo "no patch is named like ${1:-sabotage/*.patch}" >&2
  exit 1
fi
work=$top/.cache/sabotage
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

# targets PATCH...: the package and the tests of each "Tests: ./pkg -run 'TestA|TestB/b'".
targets() { sed -nE "s/^Tests: (\S+) -run '([A-Za-z0-9_|/]+)'$/\1 \2/p" "$@" | sort -u; }

# run COPY PACKAGE TESTS: the output of go test for the tests of exactly these names.
run() {
  local names
  names=$(sed -E 's,[^|/]+,^&$,g' <<<"$3")
  go -C "$1/$2" test -count=1 -vet=off -ldflags=-w -timeout 3m -v -run "$names" . </dev/null 2>&1 || true
}

# verdict TESTS OUTPUT: red where each of the tests failed.
verdict() {
  local name
  if grep -qE '\[(build|setup) failed\]|^panic: test timed out' <<<"$2"; then
    echo stale
    return
  fi
  for name in ${1//|/ }; do
    name=${name%%/*}
    if grep -qE "^--- SKIP: $name " <<<"$2"; then
      echo "skipped ($name)"
      return
    elif ! grep -qE "^--- FAIL: $name " <<<"$2"; then
      echo "SURVIVED ($name)"
      return
    fi
  done
  echo red
}

# control COPY PACKAGE: the tests that patches name in the package must pass without one.
control() {
  local tests
  tests=$(targets "${patches[@]}" | sed -n "s|^$2 ||p" | paste -sd'|')
  run "$1" "$2" "$tests" >"$1.output"
  if ! grep -qE '^ok ' "$1.output"; then
    cat "$1.output"
    echo "$2: the tests fail without a patch" | tee -a "$work/broken"
  fi
}

# attack COPY PATCH: applies the patch, runs its tests, and takes it back.
attack() {
  local package tests result=stale start=$SECONDS
  if git -C "$1" apply --recount "$top/$2"; then
    while read -r package tests; do
      result=$(verdict "$tests" "$(run "$1" "$package" "$tests")")
      [ "$result" = red ] || break
    done < <(targets "$2")
    git -C "$1" apply --recount -R "$top/$2"
  fi
  printf '%4ds  %s: %s\n' $((SECONDS - start)) "$(basename "$2" .patch)" "$result" | tee -a "$work/results"
}

# share FUNCTION ITEM...: calls it with each item, in as many jobs as there are copies.
share() {
  local call=$1 job i
  shift
  for ((job = 0; job < jobs; job++)); do
    for ((i = job + 1; i <= $#; i += jobs)); do "$call" "$work/copy$job" "${!i}"; done &
  done
  wait
}

for ((job = 0; job < jobs; job++)); do
  mkdir "$work/copy$job"
  git ls-files -z | tar -c --null --ignore-failed-read -T - | tar -x -C "$work/copy$job"
  git -C "$work/copy$job" init -q # else git apply minds a repository around the folder
done
mapfile -t packages < <(targets "${patches[@]}" | cut -d' ' -f1 | sort -u)
share control "${packages[@]}"
[ ! -e "$work/broken" ] || exit 1
share attack "${patches[@]}"

count() { grep -c ": $1" "$work/results" || true; }
survived=$(count SURVIVED) stale=$(count stale)
echo "${#patches[@]} patches: $(count red) red, $survived survived, $stale stale, $(count skipped) skipped"
[ "$survived$stale" = 00 ]

#!/usr/bin/env bash
# Brings real Djangos to this machine, for the tests that run them beside
# Coatcheck: FOLDER/bin/python-3.2, python-4.2, python-5.2 and python-6.1, each to
# be run in the place of python3. They come from the Debian suites that carry them,
# through the mirror that this machine's own apt uses; nothing of the system is
# changed but for the packages of Django 3.2 and the database drivers.
#
# It can be run again at any time: what is there and works stays. A version that
# cannot be had is named, and does not keep the others back.
#
# usage: sudo conformance/setup-django.sh [FOLDER]   (default: $COATCHECK_DJANGO or /opt/django)
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=${1:-${COATCHECK_DJANGO:-/opt/django}}
versions="3.2 4.2 5.2 6.1"
suites="bookworm bookworm-backports trixie sid experimental"
drivers="python3-argon2 python3-bcrypt python3-redis python3-psycopg2 python3-mysqldb python3-pymemcache"
dist=usr/lib/python3/dist-packages

say() { echo "setup-django: $*" >&2; }

# works VERSION: the wrapper imports that version of Django and the drivers.
works() {
  [ -x "$root/bin/python-$1" ] || return 1
  local got
  got=$("$root/bin/python-$1" -c 'import argon2, bcrypt, psycopg2, MySQLdb, django; print(django.get_version())' 2>/dev/null) || return 1
  case "$got." in "$1".*) return 0 ;; *) return 1 ;; esac
}

report() {
  local version came=0
  for version in $versions; do
    if works "$version"; then
      came=$((came + 1))
      echo "Django $version: $("$root/bin/python-$version" -c 'import django, sys; print(django.get_version(), "on Python", sys.version.split()[0])')"
    else
      echo "Django $version: could not be had"
    fi
  done
  [ $came -gt 0 ]
}

wanted=""
for version in $versions; do works "$version" || wanted="$wanted $version"; done
if [ -z "$wanted" ]; then report; exit; fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  say "Django$wanted: not in $root. This needs root and apt-get (Debian 12): sudo $0 $root"
  exit 3
fi

mkdir -p "$root/bin" "$root/apt/lists/partial" "$root/apt/archives/partial" || exit 1
root=$(cd "$root" && pwd)
exec 9>"$root/.lock"
flock 9 # two clones may be set up at once
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say "the system's Python and drivers"
# shellcheck disable=SC2086 # a list of words
"$here/../scripts/apt-install.sh" debian-archive-keyring tzdata python3 python3-asgiref python3-sqlparse python3-tz $drivers ||
  say "some packages are missing; going on without"

# A view of several suites beside the machine's own lists, in our folder.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' 2>/dev/null | head -n 1
}
if [ -z "$(mirror)" ]; then apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2 || true; fi
url=$(mirror)
if [ -z "$url" ]; then
  say "apt has no Debian suite in its sources, so there is nowhere to take Django from"
  report; exit 1
fi
: >"$root/apt/status"
for suite in $suites; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $url $suite main"
done >"$root/apt/sources.list"
apt() { # tool argument...
  local tool=$1; shift
  "$tool" -qq -o "Dir::Etc::SourceList=$root/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State::Lists=$root/apt/lists" -o "Dir::State::Status=$root/apt/status" \
    -o "Dir::Cache=$root/apt" -o "Dir::Cache::Archives=$root/apt/archives" \
    -o Dir::Cache::PkgCache=pkgcache.bin -o Dir::Cache::SrcPkgCache=srcpkgcache.bin \
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@" </dev/null
}
say "the package lists of $suites"
apt apt-get update >&2 || say "some suites cannot be had; going on with the others"

# unpack FOLDER PACKAGE...: the packages, each name=version or name/suite.
unpack() {
  local into=$1 package; shift
  mkdir -p "$into"
  for package in "$@"; do
    rm -rf "$root/apt/one" && mkdir "$root/apt/one"
    (cd "$root/apt/one" && apt apt-get download "$package") >&2 || return 1
    dpkg-deb -x "$root/apt/one/"*.deb "$into" || return 1
  done
}

# newest PACKAGE PREFIX: its highest version with that prefix, epoch aside.
newest() {
  apt apt-cache madison "$1" | awk -F'|' '{gsub(/ /, "", $2); print $2}' | grep -E "^([0-9]+:)?${2//./\\.}" | sort -rV | head -n 1
}

# python: a Python new enough for Django 6.1, with the drivers, unpacked with
# everything that it needs and not installed.
python() {
  [ -e "$root/python/.complete" ] && return 0
  say "Python of trixie"
  rm -rf "$root/python" "$root/apt/archives/"*.deb
  # shellcheck disable=SC2086 # a list of words
  apt apt-get -t trixie install -y --download-only --no-install-recommends python3 $drivers >&2 || return 1
  mkdir -p "$root/python"
  local package
  for package in "$root/apt/archives/"*.deb; do dpkg-deb -x "$package" "$root/python" || return 1; done
  rm -f "$root/apt/archives/"*.deb
  touch "$root/python/.complete"
}

# wrapper VERSION: prints the program that takes the place of python3.
wrapper() {
  local path="$root/$1/$dist"
  echo '#!/bin/sh'
  if [ "$1" != 6.1 ]; then
    printf "export PYTHONPATH='%s'\${PYTHONPATH:+:\$PYTHONPATH}\nexec /usr/bin/python3 \"\$@\"\n" "$path"
    return
  fi
  local r="$root/python" loader binary libraries
  loader=$(ls "$r"/usr/lib64/ld-linux-*.so.* "$r"/usr/lib/ld-linux-*.so.* "$r"/lib64/ld-linux-*.so.* "$r"/lib/ld-linux-*.so.* 2>/dev/null | head -n 1)
  binary=$(ls "$r"/usr/bin/python3.[0-9]* | grep -E '/python3\.[0-9]+$' | head -n 1)
  libraries=$(dirname "$(ls "$r"/usr/lib/*-linux-gnu*/libc.so.6 | head -n 1)")
  printf "export PYTHONHOME='%s/usr' PYTHONPATH='%s:%s/%s'\${PYTHONPATH:+:\$PYTHONPATH}\n" "$r" "$path" "$r" "$dist"
  printf "exec '%s' --argv0 '%s' --library-path '%s' '%s' \"\$@\"\n" "$loader" "${binary##*/}" "$libraries" "$binary"
}

# bring VERSION
bring() {
  local django helpers=trixie
  django=$(newest python3-django "$1.")
  if [ -z "$django" ]; then say "Django $1: in none of the suites"; return 1; fi
  case $1 in
    3.2) helpers=bookworm ;;
    6.1) helpers=sid; python || { say "Django $1: no Python for it"; return 1; } ;;
  esac
  say "Django $django"
  rm -rf "${root:?}/$1"
  unpack "$root/$1" "python3-django=$django" "python3-asgiref/$helpers" "python3-sqlparse/$helpers" || return 1
  wrapper "$1" >"$root/bin/.python-$1" && chmod 755 "$root/bin/.python-$1" && mv "$root/bin/.python-$1" "$root/bin/python-$1"
  "$root/bin/python-$1" -m compileall -q "$root/$1/$dist" >/dev/null 2>&1 || true # a faster start
}

for version in $wanted; do
  works "$version" && continue # another run brought it meanwhile
  bring "$version" || say "Django $version: could not be brought"
done
rm -rf "$root/apt" # the package lists, 250 MB
report

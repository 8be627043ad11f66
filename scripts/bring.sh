#!/usr/bin/env bash
# Brings what the tests need and this machine lacks: a C compiler for the race
# detector, the servers of the list below, Chromium, the Djangos and some of their
# applications. As root on Debian 12 it installs them; otherwise it says what is absent,
# and the tests that need it skip (or fail, where CI=true).
#
# usage: scripts/bring.sh           all
#        scripts/bring.sh compiler  the C compiler alone, without which nothing is built
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

has() { command -v "$1" >/dev/null; }
any() { ls "$@" >/dev/null 2>&1; }

packages=()
install() {
  [ ${#packages[@]} = 0 ] || scripts/apt-install.sh "${packages[@]}" || echo "bring: going on without what is missing" >&2
}

has gcc || has clang || packages+=(gcc libc6-dev)
if [ "${1:-}" = compiler ]; then
  install
  exit
fi
has initdb || any /usr/lib/postgresql/*/bin/initdb || packages+=(postgresql)
{ has mariadbd || any /usr/sbin/mariadbd; } && has mariadb-install-db || packages+=(mariadb-server)
has pgbouncer || any /usr/sbin/pgbouncer || packages+=(pgbouncer)
has redis-server || packages+=(redis-server)
has memcached || packages+=(memcached)
for server in nginx:nginx-light haproxy:haproxy apache2:apache2 caddy:caddy nutcracker:nutcracker; do
  has "${server%%:*}" || any "/usr/sbin/${server%%:*}" || packages+=("${server#*:}")
done
has chromium || has chromium-browser || has google-chrome || packages+=(chromium)
has sqlite3 || packages+=(sqlite3)
has fail2ban-regex || packages+=(fail2ban)
has zsh || packages+=(zsh)
has fish || packages+=(fish)
install
conformance/setup-django.sh || echo "bring: going on without Django" >&2
conformance/setup-apps.sh || echo "bring: going on without applications of Django" >&2

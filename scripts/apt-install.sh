#!/usr/bin/env bash
# Installs those of the Debian packages named that are missing, without a question
# and without starting a service. A package that cannot be had does not keep the
# others back; the status is 1 then, and 3 where this machine or user cannot
# install anything.
#
# usage: scripts/apt-install.sh package...
set -uo pipefail

missing=()
for package in "$@"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "missing: ${missing[*]}. As root on Debian or Ubuntu: apt-get install ${missing[*]}" >&2
  exit 3
fi

export DEBIAN_FRONTEND=noninteractive
# Tests start servers of their own; the packages must not.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi

# apt is silent while all is well, and tells the end of its story otherwise.
apt() {
  local out
  out=$(apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1) ||
    { tail -n 20 <<<"$out" >&2; return 1; }
}
echo "apt-get install ${missing[*]}" >&2
apt update || echo "apt-get update failed; trying with the lists that are there" >&2
apt install -y --no-install-recommends "${missing[@]}" && exit 0

status=0
for package in "${missing[@]}"; do
  apt install -y --no-install-recommends "$package" || { echo "cannot install $package" >&2; status=1; }
done
exit $status

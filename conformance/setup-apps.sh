#!/usr/bin/env bash
# Brings Django applications to this machine, as Debian 12 packages them, for the tests
# that run them beside Coatcheck: graphite-web and mailman3-web, unpacked with the Python
# packages that they need into FOLDER/apps, each with a database and its tables, which the
# tests copy; and into FOLDER/libraries what settings of real sites name: django-redis,
# pylibmc and others. Nothing is installed, and no service is started.
#
# It needs Django 3.2 of setup-django.sh, and can be run again at any time.
#
# usage: sudo conformance/setup-apps.sh [FOLDER]   (default: $COATCHECK_DJANGO or /opt/django)
set -uo pipefail

root=${1:-${COATCHECK_DJANGO:-/opt/django}}
apps="$root/apps" libraries="$root/libraries"
named="python3-django-redis python3-pylibmc python3-memcache python3-django-prometheus python3-django-axes python3-django-otp"
say() { echo "setup-apps: $*" >&2; }
complete() { [ -e "$apps/.complete" ] && [ "$(cat "$libraries/.complete" 2>/dev/null)" = "$named" ]; }

if complete; then exit; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ] || [ ! -x "$root/bin/python-3.2" ]; then
  say "graphite-web, mailman3-web, django-redis and others: not in $root. This needs root, apt-get (Debian 12) and Django 3.2"
  exit 3
fi
exec 9>"$root/.apps-lock"
flock 9 # two clones may be set up at once
if complete; then exit; fi

# list PATTERN PACKAGE...: what apt would install with them, of the names of the pattern.
list() {
  local pattern=$1; shift
  apt-get install -s --no-install-recommends "$@" 2>/dev/null </dev/null |
    awk -v pattern="^($pattern)" '$1 == "Inst" && $2 ~ pattern && $2 != "python3-django" {print $2}'
}

# unpack FOLDER PATTERN PACKAGE...: the packages and those that they need, into the folder.
unpack() {
  local into=$1 pattern=$2 packages package; shift 2
  packages=$(list "$pattern" "$@")
  if [ -z "$packages" ]; then
    apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2
    packages=$(list "$pattern" "$@")
  fi
  for package; do
    grep -qx "$package" <<<"$packages" || { say "apt has no $package, or it is installed already"; return 1; }
  done
  rm -rf "$into"
  mkdir -p "$into/debs" || return 1
  say "$* and what they need"
  # shellcheck disable=SC2086 # a list of words
  (cd "$into/debs" && apt-get -qq -o APT::Sandbox::User=root download $packages) </dev/null >&2 || { say "not all packages could be had"; return 1; }
  for package in "$into/debs/"*.deb; do dpkg-deb -x "$package" "$into" || return 1; done
  rm -rf "$into/debs"
  /usr/bin/python3 -m compileall -q "$into/usr/lib/python3/dist-packages" >/dev/null 2>&1 || true # a faster start
}

# bringLibraries: for Django's Pythons, and the shared libraries that they need.
bringLibraries() {
  # shellcheck disable=SC2086 # a list of words
  unpack "$libraries" 'python3-|libmemcached|libhashkit' $named || return 1
  echo "$named" >"$libraries/.complete"
}

# bringApps: Python alone, no web server and no JavaScript; and for each a folder with the
# settings as an administrator fills them in.
bringApps() {
  local app
  unpack "$apps" 'python3-|mailman3-web$|graphite-web$' mailman3-web graphite-web || return 1
  for app in mailman3-web graphite-web; do
    "$(dirname "$0")/app-site.sh" "$apps" "$app" "$apps/$app" || return 1
    (cd "$apps/$app" && PYTHONPATH=".:$apps/usr/lib/python3/dist-packages" PYTHONWARNINGS=ignore "$root/bin/python-3.2" manage.py migrate -v 0) >/dev/null 2>&1 ||
      { say "$app: its tables could not be made"; return 1; }
  done
  touch "$apps/.complete"
}

status=0
[ "$(cat "$libraries/.complete" 2>/dev/null)" = "$named" ] || bringLibraries || status=1
[ -e "$apps/.complete" ] || bringApps || status=1
exit $status

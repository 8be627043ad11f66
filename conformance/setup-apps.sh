#!/usr/bin/env bash
# Brings two real Django applications to this machine, as Debian 12 packages them, for
# the tests that run them beside Coatcheck: graphite-web and mailman3-web, unpacked with
# the Python packages that they need into FOLDER/apps. Nothing is installed, and no
# service is started. Each gets a database with its tables, which the tests copy.
#
# It needs Django 3.2 of setup-django.sh, and can be run again at any time.
#
# usage: sudo conformance/setup-apps.sh [FOLDER]   (default: $COATCHECK_DJANGO or /opt/django)
set -uo pipefail

root=${1:-${COATCHECK_DJANGO:-/opt/django}}
apps="$root/apps"
say() { echo "setup-apps: $*" >&2; }

if [ -e "$apps/.complete" ]; then exit; fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ] || [ ! -x "$root/bin/python-3.2" ]; then
  say "graphite-web and mailman3-web: not in $apps. This needs root, apt-get (Debian 12) and Django 3.2"
  exit 3
fi
exec 9>"$root/.apps-lock"
flock 9 # two clones may be set up at once
if [ -e "$apps/.complete" ]; then exit; fi

# What apt would install, of Python alone: no web server, no JavaScript.
list() {
  apt-get install -s --no-install-recommends mailman3-web graphite-web 2>/dev/null </dev/null |
    awk '$1 == "Inst" && $2 ~ /^(python3-|mailman3-web$|graphite-web$)/ && $2 != "python3-django" {print $2}'
}
packages=$(list)
if [ -z "$packages" ]; then
  apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2
  packages=$(list)
fi
if ! grep -q mailman3-web <<<"$packages" || ! grep -q graphite-web <<<"$packages"; then
  say "apt has no graphite-web and mailman3-web, or they are installed already"
  exit 1
fi

rm -rf "$apps"
mkdir -p "$apps/debs" || exit 1
say "graphite-web, mailman3-web and their Python packages"
# shellcheck disable=SC2086 # a list of words
(cd "$apps/debs" && apt-get -qq -o APT::Sandbox::User=root download $packages) </dev/null >&2 || { say "not all packages could be had"; exit 1; }
for package in "$apps/debs/"*.deb; do dpkg-deb -x "$package" "$apps" || exit 1; done
rm -rf "$apps/debs"
/usr/bin/python3 -m compileall -q "$apps/usr/lib/python3/dist-packages" >/dev/null 2>&1 || true # a faster start

# site NAME: a folder with the settings as an administrator fills them in.
"$(dirname "$0")/app-site.sh" "$apps" mailman3-web "$apps/mailman3-web" || exit 1
"$(dirname "$0")/app-site.sh" "$apps" graphite-web "$apps/graphite-web" || exit 1
for app in mailman3-web graphite-web; do
  (cd "$apps/$app" && PYTHONPATH=".:$apps/usr/lib/python3/dist-packages" PYTHONWARNINGS=ignore "$root/bin/python-3.2" manage.py migrate -v 0) >/dev/null 2>&1 ||
    { say "$app: its tables could not be made"; exit 1; }
done
touch "$apps/.complete"

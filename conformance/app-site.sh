#!/usr/bin/env bash
# Makes a site of an application that setup-apps.sh unpacked: the files of the package,
# with the local settings that an administrator fills in, in a folder of its own.
#
# usage: conformance/app-site.sh APPS mailman3-web|graphite-web FOLDER
set -euo pipefail

apps=$1 app=$2 site=$3
mkdir -p "$site/whisper"
case $app in
  mailman3-web)
    from="$apps/usr/share/mailman3-web"
    cp "$from/manage.py" "$from/settings.py" "$from/urls.py" "$from/wsgi.py" "$site"
    sed "s#/var/lib/mailman3/web#$site#g; s#^SECRET_KEY = .*#SECRET_KEY = 'a secret key of mailman3-web, \"quoted\" and long'#" \
      "$from/settings_local.py.sample" >"$site/settings_local.py"
    cat >>"$site/settings_local.py" <<END

LOGGING = {"version": 1}
STATIC_ROOT = "$site/static"
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": "$site/fulltext"}}
COMPRESS_ENABLED = False
END
    ;;
  graphite-web)
    cp "$apps/usr/bin/graphite-manage" "$site/manage.py"
    sed "s#/var/lib/graphite#$site#g; s#/var/log/graphite#$site#g; s#/etc/graphite#$apps/etc/graphite#; s#/usr/share/graphite-web#$apps/usr/share/graphite-web#g
      s/^#SECRET_KEY = .*/SECRET_KEY = 'a secret key of graphite-web, \"quoted\" and long'/
      s/^#TIME_ZONE = .*/TIME_ZONE = 'America\/Los_Angeles'/" "$apps/etc/graphite/local_settings.py" >"$site/local_settings.py"
    ;;
esac

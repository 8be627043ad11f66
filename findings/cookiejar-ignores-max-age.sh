#!/usr/bin/env bash
# Package: cookiejar 2.1.4 (npm), the jar of superagent's agents and so of supertest's.
# Behaviour: Max-Age counts for nothing. A cookie that is deleted by Max-Age=0 alone, which
# RFC 6265 allows and browsers obey, stays in the jar and is sent; Expires alone deletes it.
# Guess: a jar knows the attribute that has precedence over Expires since 2011. A test of a
# logout then says that the logout does not work, where it does. Django sends both.
# It fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts cookiejar@2.1.4 >log 2>&1 || { cat log; exit 1; }
cat >jar.cjs <<'JS'
const { CookieJar, CookieAccessInfo } = require("cookiejar");

const deletions = {
  "Max-Age=0": "sessionid=; Max-Age=0; Path=/",
  "Expires in the past": "sessionid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
};
for (const [name, deletion] of Object.entries(deletions)) {
  const jar = new CookieJar();
  jar.setCookies(["sessionid=abc; Path=/"]);
  jar.setCookies([deletion]);
  const sent = jar.getCookies(new CookieAccessInfo("example.org", "/", false, false));
  console.log(`after ${name}: ${sent.length} cookie is sent`);
}
JS
node jar.cjs | tee seen
diff - seen <<'SEEN'
after Max-Age=0: 1 cookie is sent
after Expires in the past: 0 cookie is sent
SEEN

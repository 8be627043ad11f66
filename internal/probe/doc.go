// Package probe lets a site's operator ask a running server what it sees of a request that came
// through the proxies in front of it: scheme, host, client, and the cookie that it sends. Only
// requests signed with the site's SECRET_KEY get that report; to all others the address does not
// exist. It is a part of the programs.
package probe

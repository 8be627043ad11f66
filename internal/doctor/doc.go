// Package doctor looks at the database of a site, at the cache of its sessions and at its pages
// as they arrive through the proxies, for package findings to judge. It changes nothing: each
// question is a transaction that reads alone. It is a part of the programs.
package doctor

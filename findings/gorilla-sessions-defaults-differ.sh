#!/usr/bin/env bash
# Package: github.com/gorilla/sessions v1.4.0.
# Behaviour: the two stores of one package have other defaults. The cookie of a new CookieStore
# has SameSite=None and Secure: browsers send it with requests of other sites, too. That of a new
# FilesystemStore has neither, and neither has HttpOnly.
# Guess: one package has one default, and a session cookie is HttpOnly and Lax, as Django's is.
# It fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'MOD'
module finding

go 1.25

require github.com/gorilla/sessions v1.4.0
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gorilla/sessions"
)

func main() {
	key := []byte("a key of thirty-two bytes, or so")
	for name, store := range map[string]sessions.Store{
		"CookieStore":     sessions.NewCookieStore(key),
		"FilesystemStore": sessions.NewFilesystemStore(".", key),
	} {
		r, w := httptest.NewRequest("GET", "http://localhost/", nil), httptest.NewRecorder()
		session, err := store.New(r, "session")
		if err == nil {
			err = store.Save(r, w, session)
		}
		if err != nil {
			log.Fatal(err)
		}
		c := w.Result().Cookies()[0]
		fmt.Printf("%s: SameSite=None %v, Secure %v, HttpOnly %v\n",
			name, c.SameSite == http.SameSiteNoneMode, c.Secure, c.HttpOnly)
	}
}
GO
export GOFLAGS=-mod=mod
go run . 2>log | sort >seen || { cat log; exit 1; }
cat seen
diff - seen <<'SEEN'
CookieStore: SameSite=None true, Secure true, HttpOnly false
FilesystemStore: SameSite=None false, Secure false, HttpOnly false
SEEN

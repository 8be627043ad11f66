package conformance_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail/mailtest"
)

// TestResetLinksInZones: beside a site with USE_TZ and another zone than UTC a fresh link
// of either side is good on both, and one that is too old on neither. East of UTC old
// links would be good for too long, west of it fresh ones would not be good.
func TestResetLinksInZones(t *testing.T) {
	t.Parallel()
	eachEnd(t, func(t *testing.T, version string) {
		zone := "America/New_York"
		if version != newestDjango(t) {
			zone = "Asia/Tokyo"
		}
		resetLinksIn(t, version, zone, "1")
	})
	t.Run("USE_TZ = False", func(t *testing.T) {
		t.Parallel()
		resetLinksIn(t, newestDjango(t), "America/New_York", "0")
	})
}

// printLink prints the path of a link of Django's for ada that is so many minutes old.
const printLink = `
import datetime
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator as g
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
g._now = lambda: datetime.datetime.now() - datetime.timedelta(minutes=MINUTES)
user = get_user_model().objects.get(username="ada")
print("/accounts/reset/%s/%s/" % (urlsafe_base64_encode(force_bytes(user.pk)), g.make_token(user)))
`

func resetLinksIn(t *testing.T, version, zone, useTZ string) {
	const timeout = "600"
	db, mails := testenv.SQLiteDatabase(t), t.TempDir()
	args := []string{"--time-zone", zone, "--password-reset-timeout", timeout, "--email-backend", "file", "--email-file-path", mails}
	if useTZ == "0" {
		args = append(args, "--no-use-tz")
	}
	own := startServe(t, db, args...)
	tw := newTwin(t, version, db, "USE_TZ="+useTZ, "TIME_ZONE="+zone, "PASSWORD_RESET_TIMEOUT="+timeout)
	tw.Start()
	ada := fields{"username": "ada", "password": somePassword, "email": "ada@example.com"}
	b := newBrowser(t)
	b.wants(b.post(own.URL("/accounts/signup/"), ada), http.StatusCreated)
	b.wants(b.post(tw.URL("/accounts/login/"), ada), http.StatusOK) // last_login is a part of the token
	djangos := func(minutes string) string {
		lines := strings.Split(strings.TrimSpace(tw.Manage("shell", "-c", strings.Replace(printLink, "MINUTES", minutes, 1))), "\n")
		return lines[len(lines)-1]
	}
	b.wants(b.post(own.URL("/accounts/password_reset/"), fields{"email": "ada@example.com"}), http.StatusOK)
	ours := mailedLink(t, mails)

	old := djangos("11")
	b.wants(newBrowser(t).post(own.URL(old), fields{"new_password1": "a new one 11"}), http.StatusGone)
	b.wants(b.get(tw.URL(old)), http.StatusOK)     // Django's page that says no
	b.wants(b.get(tw.URL(ours)), http.StatusFound) // to the page with the form
	b.wants(newBrowser(t).post(own.URL(djangos("9")), fields{"new_password1": "a new one 12"}), http.StatusOK)
}

// mailedLink waits for an email with a link that resets a password, and returns its path.
func mailedLink(t *testing.T, dir string) string {
	t.Helper()
	link := ""
	eventually(t, "a mailed link", func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		must(t, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			must(t, err)
			raw, _, _ = bytes.Cut(raw, []byte("\n----------"))
			if received, err := mailtest.Parse(raw); err == nil {
				if found := resetLink.FindStringSubmatch(received.Text); found != nil {
					link = found[1]
				}
			}
		}
		return link != ""
	})
	return link
}

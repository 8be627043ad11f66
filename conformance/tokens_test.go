package conformance_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
)

const oldKey = "the twins' former secret key, which is just as long"

// link is what an email about a forgotten password holds.
type link struct{ UID, Token string }

// tokenScript is what Django does, in manage.py shell: it judges the links of
// Coatcheck, lets the user bea log in, and prints its verdicts and its own links,
// two of each user, the second with the former key.
const tokenScript = `
import json, sys
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import update_last_login
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import PasswordResetConfirmView
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
User = get_user_model()
generator = PasswordResetTokenGenerator()
former = PasswordResetTokenGenerator()
former.secret = %q
verdicts = []
for link in json.loads(%q):
    user = PasswordResetConfirmView().get_user(link["UID"])
    verdicts.append(bool(user) and generator.check_token(user, link["Token"]))
update_last_login(None, User.objects.get(username="bea"))
links = {}
for user in User.objects.all():
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    links[user.username] = [{"UID": uid, "Token": g.make_token(user)} for g in (generator, former)]
print()
print(json.dumps({"verdicts": verdicts, "links": links}))
`

// TestResetTokenTwins: a link that one side made is good on the other, under
// every Django, on every database, in a zone that is not UTC; also one of a former
// key. USE_TZ is True on a database under one half of the Djangos, and False under
// the other.
func TestResetTokenTwins(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	eachDjango(t, func(t *testing.T, version string) {
		for i, db := range testenv.Databases(t) {
			useTZ := (i+int(version[0]))%2 == 0
			t.Run(fmt.Sprintf("%s, USE_TZ %v", db.Engine, useTZ), func(t *testing.T) {
				twinTokens(t, version, db, useTZ, zone)
			})
		}
	})
}

func twinTokens(t *testing.T, version string, where testenv.Database, useTZ bool, zone *time.Location) {
	ctx := t.Context()
	loginZone, flag := zone, "USE_TZ=0"
	if useTZ {
		loginZone, flag = nil, "USE_TZ=1"
	}
	s := tokenService(t, openIn(t, where, loginZone), zone)
	var links []link
	for _, name := range []string{"ada", "bea"} {
		user, err := s.CreateUser(ctx, auth.NewUser{Username: name, Password: somePassword, Email: name + "@ExAmple.com"})
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, link{resettoken.EncodeUID(user.ID), s.MakeResetToken(user)}, link{resettoken.EncodeUID(user.ID), "d-" + strings.Repeat("0", 32)})
	}
	links = append(links, link{links[0].UID, links[2].Token}, link{links[0].UID + "==", links[0].Token})
	sent, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	tw := newTwin(t, version, where, flag, "TIME_ZONE=Europe/Berlin", "SECRET_KEY_FALLBACKS="+oldKey)
	out := strings.Split(strings.TrimSpace(tw.Manage("shell", "-c", fmt.Sprintf(tokenScript, oldKey, sent))), "\n")
	var answer struct {
		Verdicts []bool
		Links    map[string][]link
	}
	if err := json.Unmarshal([]byte(out[len(out)-1]), &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := []bool{true, false, true, false, false, true}; fmt.Sprint(answer.Verdicts) != fmt.Sprint(want) {
		t.Errorf("Django says %v of our links, want %v", answer.Verdicts, want)
	}
	for name, made := range answer.Links {
		for i, l := range made {
			user, err := s.UserByUID(ctx, l.UID)
			if err != nil || user.Username != name {
				t.Fatalf("%s is %v, %v", l.UID, user, err)
			}
			if !s.CheckResetToken(user, l.Token) {
				t.Errorf("Django's link %d of %s, who logged in last at %v, is refused: %s", i, name, user.LastLogin, l.Token)
			}
			if ahead := stamp(t, l.Token) - stamp(t, s.MakeResetToken(user)); ahead < -600 || ahead > 0 {
				t.Errorf("Django's clock is %d seconds ahead", ahead)
			}
		}
	}
	bea, err := s.UserByUID(ctx, links[2].UID)
	if err != nil || bea.LastLogin.IsZero() || s.CheckResetToken(bea, links[2].Token) {
		t.Errorf("the link from before bea's login is good after it: %v, %v", bea.LastLogin, err)
	}
}

func tokenService(t *testing.T, db *database.DB, zone *time.Location) *auth.Service {
	t.Helper()
	hashers, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.New(auth.Config{
		Users:     db,
		Passwords: hashers,
		Keys:      signing.Keys{Secret: secretKey, Fallbacks: []string{oldKey}},
		TimeZone:  zone,
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openIn opens the database of a site, in whose zone its times are; nil with USE_TZ.
func openIn(t *testing.T, where testenv.Database, loc *time.Location) *database.DB {
	t.Helper()
	var db *database.DB
	var err error
	switch where.Engine {
	case "postgresql":
		db, err = postgres.Config{DSN: where.DSN(), Location: loc}.Open(t.Context())
	case "mysql":
		db, err = mysql.Config{DSN: where.DSN(), Location: loc}.Open(t.Context())
	default:
		db, err = sqlite.Config{DSN: where.DSN(), Location: loc}.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// stamp is the time in a token.
func stamp(t *testing.T, token string) int64 {
	t.Helper()
	digits, _, _ := strings.Cut(token, "-")
	n, err := strconv.ParseInt(digits, 36, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

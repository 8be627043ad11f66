package conformance_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/signing"
)

func resetDifferentials() []differential {
	return []differential{
		{name: "reset_token", makes: makeResetToken, own: ownResetToken},
		{name: "uid", makes: makeUID, own: func(_ *oracle, c fields) any {
			id, err := resettoken.DecodeUID(c["uid"].(string))
			if err != nil {
				return failed(err)
			}
			return fields{"id": id}
		}, rules: []explanation{innerPadding("uid", fields{"uid": "MQ==MQ=="})}},
		{name: "password_validation", makes: makeValidation, own: ownValidation, rules: []explanation{
			newerUnicode(fields{"password": "hgfedcba", "user": fields{"username": "abcdefgh\U00031350qrstuvwxyz1234567890"}}),
		}},
	}
}

// resetUser has what a token is made of.
func resetUser(g *generator) fields {
	return fields{
		"id": 1 + g.IntN(300), "password": pick(g, "", "!x", "pbkdf2_sha256$1$a$b", g.word(5)), "email": pick(g, "", "a@example.com", g.word(6)),
		"last_login": pick[any](g, nil, "2026-01-02T03:04:05.678901+00:00", "2001-01-01T00:00:00+00:00", "2026-12-31T23:59:59+00:00"),
	}
}

// resetToken is the token of that user and moment, by the rule that
// resettoken.Generator and Django both have.
func resetToken(user fields, at time.Time, key string) string {
	seconds := at.Unix() - time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	login := ""
	if text, ok := user["last_login"].(string); ok {
		login = strings.Replace(text[:19], "T", " ", 1)
	}
	value := strconv.Itoa(user["id"].(int)) + user["password"].(string) + login + strconv.FormatInt(seconds, 10) + user["email"].(string)
	mac := hex.EncodeToString(signing.SaltedHMAC(sha256.New, "django.contrib.auth.tokens.PasswordResetTokenGenerator", value, key))
	var half strings.Builder
	for i := 0; i < len(mac); i += 2 {
		half.WriteByte(mac[i])
	}
	return strconv.FormatInt(seconds, 36) + "-" + half.String()
}

func makeResetToken(g *generator) fields {
	user, day := resetUser(g), 24*time.Hour
	at := time.Now().Add(pick(g, 0, -time.Hour, -2*day, -3*day+time.Hour, -3*day-time.Hour, -100*day, day, -9000*day, -9131*day))
	token := resetToken(user, at, pick(g, oracleKey, oracleKey, oracleOldKey, "another key"))
	switch g.IntN(4) {
	case 0:
		token = g.mutate(token, "-", "_", "+", " ", "0", "z")
	case 1:
		user = resetUser(g) // another one, or the same
	}
	return fields{"user": user, "token": token}
}

func ownResetToken(_ *oracle, c fields) any {
	generator, err := resettoken.New(resettoken.Config{Keys: signing.Keys{Secret: oracleKey, Fallbacks: []string{oracleOldKey}}})
	if err != nil {
		return failed(err)
	}
	f := c["user"].(fields)
	user := &database.User{ID: strconv.Itoa(f["id"].(int)), Password: password.Hash(f["password"].(string)), Email: f["email"].(string)}
	if text, ok := f["last_login"].(string); ok {
		if user.LastLogin, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return failed(err)
		}
	}
	return fields{"ok": generator.Check(user, c["token"].(string))}
}

func makeUID(g *generator) fields {
	uid := pick(g, resettoken.EncodeUID(strconv.Itoa(g.IntN(1<<30))), resettoken.EncodeUID(g.word(6)), g.corpus("reset_tokens", "uidb64_decode", "input"))
	if g.one(2) {
		uid = g.mutate(uid, "=", "==", "-", "_", "+", "/", " ", "\n")
	}
	return fields{"uid": uid}
}

func makeValidation(g *generator) fields {
	user := fields{}
	for _, name := range []string{"username", "first_name", "last_name", "email"} {
		user[name] = pick(g, "", g.word(12), g.plainWord(8), g.join(3, func() string { return g.word(5) }, "-", ".", "@", " "))
	}
	raw := pick(g, g.word(12), g.plainWord(12), g.corpus("password_validation", "validate", "password"), strconv.Itoa(g.IntN(1<<40)),
		user["username"].(string)+g.word(3), user["email"].(string)+g.plainWord(4))
	if g.one(2) {
		raw = g.mutate(raw)
	}
	return fields{"password": raw, "user": user}
}

func ownValidation(_ *oracle, c fields) any {
	attributes := validate.Attributes{}
	for name, value := range c["user"].(fields) {
		attributes[name] = value.(string)
	}
	found := [][2]string{}
	err := validate.Password(context.Background(), c["password"].(string), attributes, validate.Default())
	var all validate.Errors
	if errors.As(err, &all) {
		for _, one := range all {
			found = append(found, [2]string{one.Code, one.Message})
		}
	} else if err != nil {
		return failed(err)
	}
	return fields{"errors": found}
}

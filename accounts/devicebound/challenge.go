package devicebound

import (
	"strconv"
	"strings"
	"time"
)

// What a signed text is for: each is refused in the place of another.
const (
	forRegistration = "register"
	forRefresh      = "refresh"
)

// idLength is the length of the ID of a binding, as of rand.Text.
const idLength = 26

// challengeLife is how much longer a challenge is valid than the cookie that comes with it.
const challengeLife = 5 * time.Minute

// challenge returns a challenge for the binding of that ID, whose device has shown its key so many
// times. It is the text of no row: what makes it valid once is the count.
func (f *Feature) challenge(purpose, id string, count int64) string {
	until := f.now().Add(f.options.Life + challengeLife).Unix()
	return f.accounts.SignBinding(strings.Join([]string{
		purpose, id, strconv.FormatInt(count, 10), strconv.FormatInt(until, 10),
	}, ":"))
}

// opens reports whether a proof has a challenge of ours, for the purpose, the binding and the
// count, that is not too old.
func (f *Feature) opens(challenge, purpose, id string, count int64) bool {
	text, err := f.accounts.UnsignBinding(challenge)
	if err != nil {
		return false
	}
	parts := strings.Split(text, ":")
	if len(parts) != 4 || parts[0] != purpose || parts[1] != id || parts[2] != strconv.FormatInt(count, 10) {
		return false
	}
	until, err := strconv.ParseInt(parts[3], 10, 64)
	return err == nil && f.now().Unix() < until
}

// cookieValue returns the value of the cookie of a device: the ID of the binding and until when it
// is valid, signed.
func (f *Feature) cookieValue(id string) string {
	return f.accounts.SignBinding(id + ":" + strconv.FormatInt(f.until().Unix(), 10))
}

// until is until when what is sent now is valid: a little longer than the browser keeps it, for
// requests that are on their way then.
func (f *Feature) until() time.Time {
	end := f.now().Add(f.options.Life + min(f.options.Life/10, time.Minute))
	return end.Truncate(time.Second).Add(time.Second)
}

// valid reports whether an ID and a time, joined by a colon, are those of the binding and not over.
func (f *Feature) valid(text, id string) bool {
	got, until, found := strings.Cut(text, ":")
	seconds, err := strconv.ParseInt(until, 10, 64)
	return found && err == nil && got == id && f.now().Unix() < seconds
}

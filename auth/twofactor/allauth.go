package twofactor

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // which allauth computes its recovery codes by
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
)

// What allauth has by default (MFA_RECOVERY_CODE_COUNT, MFA_RECOVERY_CODE_DIGITS).
const (
	allauthCodes  = 10
	allauthDigits = 8
	maxAllauth    = 16 << 10 // bytes of the data of a row that are looked at
	maxMigrated   = 200      // recovery codes that were taken over from another application
	maxRecords    = 50       // of account_authentication_methods that are kept
)

// allauth is what a user has in the tables of django-allauth.
type allauth struct {
	app, recovery *database.AllauthFactor
	secret        string // of the app, in base32 without padding; "" if it cannot be read
	webauthn      bool
}

// asked reports whether the user has what allauth asks for at a login: recovery codes alone are
// nothing.
func (a *allauth) asked() bool { return a.app != nil || a.webauthn }

// elsewhere reports whether only the site of allauth can ask for what the user has: a passkey or a
// security key of that site, or an app whose secret the site encrypts by an adapter of its own.
func (a *allauth) elsewhere() bool { return a.asked() && a.secret == "" }

// allauthOf returns what a user has in allauth.
func (s *Service) allauthOf(ctx context.Context, user *auth.User) (has allauth, err error) {
	all, err := s.db.AllauthFactors(ctx, user.ID)
	for i := range all {
		switch f := &all[i]; f.Type {
		case database.AllauthTOTP:
			has.app, has.secret = f, allauthSecret(f.Data)
		case database.AllauthRecovery:
			has.recovery = f
		case database.AllauthWebAuthn:
			has.webauthn = true
		}
	}
	return has, err
}

// allauthSecret returns the secret of an app in base32 without padding, or "".
func allauthSecret(data string) string {
	var row struct {
		Secret string `json:"secret"`
	}
	if len(data) > maxAllauth || json.Unmarshal([]byte(data), &row) != nil {
		return ""
	}
	text := strings.TrimRight(strings.ToUpper(row.Secret), "=")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(raw) < 10 {
		return ""
	}
	return text
}

// checkAllauth uses up a code of an app or a recovery code of allauth.
func (s *Service) checkAllauth(
	ctx context.Context, user *auth.User, has allauth, typed Typed,
) (Shown, error) {
	if has.secret == "" {
		return Shown{}, nil
	}
	step, right := s.matchesAllauth(has.secret, typed)
	if right {
		used, err := s.useAllauthStep(ctx, *has.app, step)
		if err != nil || used {
			return Shown{Method: MethodCode, allauth: has.app}, err
		}
	}
	if has.recovery == nil {
		return Shown{}, nil
	}
	data, right := allauthUsed(has.recovery.Data, typed)
	if !right {
		return Shown{}, nil
	}
	used, err := s.db.UseAllauthRecovery(ctx, *has.recovery, data, s.now())
	if err != nil {
		return Shown{}, fmt.Errorf("twofactor: %w", err)
	}
	if !used {
		return Shown{}, nil
	}
	s.log.InfoContext(ctx, "recovery code of allauth used", "user", user.ID)
	return Shown{Method: MethodRecovery, allauth: has.recovery}, nil
}

// matchesAllauth returns the step whose code was typed: the present one, which alone counts in allauth,
// or the one before, for users who type slowly.
func (s *Service) matchesAllauth(secret string, typed Typed) (step int64, right bool) {
	if len(typed.code) != 6 {
		return 0, false
	}
	now := s.now().Unix() / period
	for n := now - 1; n <= now; n++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(n), hotp.ValidateOpts{
			Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(typed.code)) == 1 {
			step, right = n, true
		}
	}
	return step, right
}

// useAllauthStep uses up the code of a step. The time of its use is in that step, so that the next code
// is good.
func (s *Service) useAllauthStep(ctx context.Context, f database.AllauthFactor, step int64) (bool, error) {
	began, used := time.Unix(step*period, 0), s.now()
	if end := began.Add(period*time.Second - time.Microsecond); used.After(end) {
		used = end
	}
	good, err := s.db.UseAllauthStep(ctx, f, began, used)
	if err != nil {
		return false, fmt.Errorf("twofactor: %w", err)
	}
	return good, nil
}

// allauthRecovery is the data of recovery codes: a seed and a mask of those that were used, or the
// codes that were taken over from another application.
type allauthRecovery struct {
	Seed     string    `json:"seed"`
	Used     uint64    `json:"used_mask"`
	Migrated *[]string `json:"migrated_codes"`
}

// readAllauthRecovery returns the codes that are left, by their place.
func readAllauthRecovery(data string) (row allauthRecovery, left map[int]string) {
	if len(data) > maxAllauth || json.Unmarshal([]byte(data), &row) != nil {
		return allauthRecovery{}, nil
	}
	left = map[int]string{}
	switch {
	case row.Migrated != nil:
		for i, code := range (*row.Migrated)[:min(len(*row.Migrated), maxMigrated)] {
			left[i] = code
		}
	case row.Seed != "":
		for i, code := range allauthRecoveryCodes(row.Seed) {
			if row.Used&(1<<i) == 0 {
				left[i] = code
			}
		}
	}
	return row, left
}

// allauthRecoveryCodes computes the recovery codes of a seed as allauth does: from the HMAC of all
// numbers up to that of the code.
func allauthRecoveryCodes(seed string) []string {
	h := hmac.New(sha1.New, []byte(seed))
	codes := make([]string, allauthCodes)
	for i := range codes {
		fmt.Fprintf(h, "%3d,", i)
		value := binary.BigEndian.Uint32(h.Sum(nil)) % 1e8
		codes[i] = fmt.Sprintf("%0*d", allauthDigits, value)
	}
	return codes
}

// allauthUsed returns the data of recovery codes without the one that was typed, and whether it was
// among those left. It looks at all of them, whichever is the right one.
func allauthUsed(data string, typed Typed) (string, bool) {
	row, left := readAllauthRecovery(data)
	place := -1
	for i, code := range left {
		code = folded(code)
		if code != "" && subtle.ConstantTimeCompare([]byte(code), []byte(typed.text)) == 1 {
			place = i
		}
	}
	var all map[string]any
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.UseNumber()
	if place < 0 || decoder.Decode(&all) != nil {
		return "", false
	}
	if row.Migrated != nil {
		all["migrated_codes"] = slices.Delete(slices.Clone(*row.Migrated), place, place+1)
	} else {
		all["used_mask"] = row.Used | 1<<place
	}
	text, err := json.Marshal(all)
	return string(text), err == nil
}

// record is an entry of allauth's list of how the user of a session has signed in.
type record struct {
	Method   string  `json:"method"`
	At       float64 `json:"at"`
	Username string  `json:"username,omitempty"`
	ID       int64   `json:"id,omitempty"`
	Type     string  `json:"type,omitempty"`
	Again    bool    `json:"reauthenticated,omitempty"`
}

// keepAllauth adds to the session what a login of allauth adds for a password and this factor, or
// what its own page to confirm adds for this factor where p is nil.
func (sh Shown) keepAllauth(ctx context.Context, session *sessions.Session, p *auth.Pending) error {
	text, there, err := session.Get(ctx, sessionkeys.AllauthMethods)
	if err != nil {
		return err
	}
	all := []any{}
	if there && json.Unmarshal([]byte(text), &all) != nil { // of another program
		all = nil
	}
	if p != nil && len(p.Proofs) > 0 && p.Proofs[0].Method == "password" {
		all = append(all, record{Method: "password", At: seconds(p.Proofs[0].At), Username: p.User.Username})
	}
	all = append(all, record{
		Method: "mfa", At: seconds(time.Now()), ID: sh.allauth.ID, Type: sh.allauth.Type, Again: p == nil,
	})
	return session.Set(ctx, sessionkeys.AllauthMethods, all[max(0, len(all)-maxRecords):])
}

// seconds is a time as Python's time.time() returns it.
func seconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

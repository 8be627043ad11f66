package twofactor

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// maxTolerance bounds the steps that are computed for one code of a device of django-otp.
const maxTolerance = 20

// checkDjango uses up a code of a device of django-otp, or one of its static tokens. Its count of wrong
// codes and its pauses hold here too.
func (s *Service) checkDjango(
	ctx context.Context, user *auth.User, devices []database.OTPDevice, typed Typed,
) (Shown, error) {
	var asked []database.OTPDevice
	for _, d := range devices {
		if s.paused(d) {
			continue
		}
		asked = append(asked, d)
		step, drift, right := s.matchesDevice(d, typed)
		if !right {
			continue
		}
		used, err := s.db.UseOTPStep(ctx, d, step, drift)
		if err != nil {
			return Shown{}, fmt.Errorf("twofactor: %w", err)
		}
		if used {
			return Shown{Method: MethodCode, Device: d.String()}, nil
		}
	}
	shown, err := s.checkTokens(ctx, user, typed)
	if err != nil || shown.Method != "" {
		return shown, err
	}
	for _, d := range asked {
		if err := s.db.FailOTP(ctx, d, s.now()); err != nil {
			return Shown{}, fmt.Errorf("twofactor: %w", err)
		}
	}
	return Shown{}, nil
}

// paused reports whether a device takes no code yet after wrong ones: a second after the first, and
// twice as long after each further one, as django-otp does by default.
func (s *Service) paused(d database.OTPDevice) bool {
	if d.Failures <= 0 || d.FailedAt.IsZero() {
		return false
	}
	return s.now().Before(d.FailedAt.Add(time.Second << min(d.Failures-1, 24)))
}

// matchesDevice returns the step whose code was typed, and by how many steps the clock of the device
// differs. It looks at all that count, whichever is the right one.
func (s *Service) matchesDevice(d database.OTPDevice, typed Typed) (step, drift int64, right bool) {
	raw, err := hex.DecodeString(d.Key)
	if err != nil || typed.code == "" || int64(len(typed.code)) != d.Digits || d.Step <= 0 {
		return 0, 0, false
	}
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	seconds := s.now().Unix() - d.T0
	if seconds < 0 {
		return 0, 0, false
	}
	tolerance := min(d.Tolerance, maxTolerance)
	for offset := -tolerance; offset <= tolerance; offset++ {
		n := seconds/d.Step + d.Drift + offset
		if n < 0 || n <= d.LastT {
			continue
		}
		want, err := hotp.GenerateCodeCustom(secret, uint64(n), hotp.ValidateOpts{
			Digits: otp.Digits(d.Digits), Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(typed.code)) == 1 {
			step, drift, right = n, d.Drift+offset, true
		}
	}
	return step, drift, right
}

// checkTokens uses up a static token of django-otp.
func (s *Service) checkTokens(ctx context.Context, user *auth.User, typed Typed) (Shown, error) {
	tokens, err := s.db.OTPTokens(ctx, user.ID)
	if err != nil {
		return Shown{}, fmt.Errorf("twofactor: %w", err)
	}
	for _, token := range tokens {
		if subtle.ConstantTimeCompare([]byte(folded(token.Text)), []byte(typed.text)) != 1 {
			continue
		}
		used, err := s.db.UseOTPToken(ctx, token)
		if err != nil {
			return Shown{}, fmt.Errorf("twofactor: %w", err)
		}
		if used {
			s.log.InfoContext(ctx, "static token of django-otp used", "user", user.ID)
			return Shown{Method: MethodRecovery, Device: token.String()}, nil
		}
	}
	return Shown{}, nil
}

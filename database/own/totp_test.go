package own_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// TestTOTP: the app of a user is there once, with its recovery codes, and goes with them.
func TestTOTP(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		ctx := t.Context()
		app := own.TOTP{UserID: "7", Secret: "sealed", LastStep: 5, Created: time.Now().Truncate(time.Microsecond)}
		if _, err := s.TOTP(ctx, "7"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("before: %v", err)
		}
		must(t, s.AddTOTP(ctx, app, []string{"a", "b"}))
		other := app
		other.Secret = "another"
		if err := s.AddTOTP(ctx, other, []string{"c"}); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("a second app: %v", err)
		}
		got, err := s.TOTP(ctx, "7")
		must(t, err)
		if got.Secret != app.Secret || got.LastStep != 5 || !got.Created.Equal(app.Created) {
			t.Errorf("%#v of %+v", got, *got)
		}
		if n, err := s.RecoveryCodes(ctx, "7"); err != nil || n != 2 {
			t.Errorf("%d codes, %v: a second app replaced those of the first", n, err)
		}
		for step, want := range map[int64]bool{4: false, 5: false} {
			if used, err := s.UseTOTPStep(ctx, got, step); err != nil || used != want {
				t.Errorf("step %d: %v, %v", step, used, err)
			}
		}
		for _, code := range []string{"c", "a"} { // of nobody, and of another user
			if used, err := s.UseRecoveryCode(ctx, "8", code); err != nil || used {
				t.Errorf("%s: %v, %v", code, used, err)
			}
		}
		if removed, err := s.RemoveTOTP(ctx, "7"); err != nil || !removed {
			t.Errorf("removed: %v, %v", removed, err)
		}
		if n, err := s.RecoveryCodes(ctx, "7"); err != nil || n != 0 {
			t.Errorf("%d codes of an app that is gone, %v", n, err)
		}
		if used, err := s.UseTOTPStep(ctx, got, 9); err != nil || used {
			t.Errorf("a step of an app that is gone: %v, %v", used, err)
		}
	})
}

// TestTOTPStepOnce: of 64 who use one code at once, one does; likewise with a recovery code.
func TestTOTPStepOnce(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		ctx := t.Context()
		must(t, s.AddTOTP(ctx, own.TOTP{UserID: "7", Secret: "sealed", Created: time.Now()}, []string{"a"}))
		app, err := s.TOTP(ctx, "7")
		must(t, err)
		for name, use := range map[string]func() (bool, error){
			"step": func() (bool, error) { return s.UseTOTPStep(ctx, app, 3) },
			"code": func() (bool, error) { return s.UseRecoveryCode(ctx, "7", "a") },
		} {
			var won atomic.Int64
			together(64, func(int) {
				used, err := use()
				if err != nil {
					t.Error(fmt.Errorf("%s: %w", name, err))
				}
				if used {
					won.Add(1)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%s: %d won", name, won.Load())
			}
		}
	})
}

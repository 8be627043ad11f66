package attempts

import (
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
)

// ErrThrottled is what every ThrottledError is.
var ErrThrottled = errors.New("attempts: too many attempts")

// ThrottledError: there were too many attempts, and nothing was looked at. It is
// for a response of 429, Retry-After and its Message, as middleware.Fail does.
type ThrottledError struct {
	// RetryAfter is how long it is until there is an attempt again.
	RetryAfter time.Duration
	// Code names the budget that was used up, as the flow does: "throttle.refused_account".
	// It is empty for an error that a program made.
	Code flow.Code
}

// Error reports the time to wait.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%v; again in %v", ErrThrottled, e.RetryAfter)
}

// Is reports whether target is ErrThrottled.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// Seconds is RetryAfter in whole seconds, rounded up, for the header Retry-After.
func (e *ThrottledError) Seconds() int { return max(1, ceil(e.RetryAfter, time.Second)) }

// Message is the sentence for the visitor.
func (e *ThrottledError) Message() string { return e.MessageIn(nil) }

// MessageIn is the message in another language.
func (e *ThrottledError) MessageIn(t *i18n.Translator) string {
	switch n := e.Seconds(); {
	case n > 2*60*60:
		return t.N("Too many attempts. Please try again in %(n)d hour.", "Too many attempts. Please try again in %(n)d hours.",
			ceil(e.RetryAfter, time.Hour))
	case n >= 60:
		return t.N("Too many attempts. Please try again in %(n)d minute.", "Too many attempts. Please try again in %(n)d minutes.",
			ceil(e.RetryAfter, time.Minute))
	default:
		return t.N("Too many attempts. Please try again in %(n)d second.", "Too many attempts. Please try again in %(n)d seconds.", n)
	}
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

package main

import (
	"fmt"
	"math"
	"time"
)

// maxSpan bounds every setting that is a length of time: a hundred years. What is longer is
// a mistake, and soon more than a time.Duration or a date of a cookie can hold.
const maxSpan = 100 * 365 * 24 * time.Hour

// span turns the seconds of a flag into a duration of least or more.
func span(flag string, seconds, least float64) (time.Duration, error) {
	if most := maxSpan.Seconds(); math.IsNaN(seconds) || seconds < least || seconds > most {
		return 0, usageError{fmt.Errorf("--%s is %v; it must be from %v to %.0f seconds (100 years)", flag,
			trimmed(seconds), least, most)}
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// trimmed writes whole numbers without an exponent.
func trimmed(n float64) string {
	if n == math.Trunc(n) {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprint(n)
}

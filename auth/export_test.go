package auth

import "time"

// SetNow gives a generator another clock, for the tests.
func (g *PasswordResetTokenGenerator) SetNow(now func() time.Time) { g.now = now }

// ParseTimestamp is parseTimestamp, for the tests.
var ParseTimestamp = parseTimestamp

// ParseDevices reads a device cookie and writes it again, for the tests.
func ParseDevices(text string) (written string, count int) {
	all := parseDevices(text)
	return printDevices(all), len(all)
}

package database

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// OTPTable is django-otp's table of devices that show codes by time.
const OTPTable = "otp_totp_totpdevice"

// The tables of django-otp's static devices, whose tokens work once.
const (
	otpStaticTable = "otp_static_staticdevice"
	otpTokenTable  = "otp_static_statictoken"
)

// maxOTP is how many devices and tokens of a user are looked at.
const maxOTP = 100

// OTPDevice is a confirmed row of otp_totp_totpdevice. It does not print its key.
type OTPDevice struct {
	ID int64
	// Key is the secret in hexadecimal digits.
	Key string `json:"-"`
	// Step is how many seconds a code lasts, T0 when the first began, in seconds since 1970.
	Step, T0 int64
	// Digits is how many a code has, Tolerance how many steps before and after count too.
	Digits, Tolerance int64
	// Drift is by how many steps the clock of the device is known to differ, LastT the step of
	// the code that was used last.
	Drift, LastT int64
	// Failures is how many wrong codes came since the last right one, FailedAt when the last did.
	Failures int64
	FailedAt time.Time
}

// String hides the key.
func (d OTPDevice) String() string { return "otp_totp.totpdevice/" + strconv.FormatInt(d.ID, 10) }

// GoString is String.
func (d OTPDevice) GoString() string { return d.String() }

// LogValue is String.
func (d OTPDevice) LogValue() slog.Value { return slog.StringValue(d.String()) }

// OTPToken is a row of otp_static_statictoken. It does not print its text.
type OTPToken struct {
	ID, DeviceID int64
	Text         string `json:"-"`
}

// String hides the text.
func (t OTPToken) String() string {
	return "otp_static.staticdevice/" + strconv.FormatInt(t.DeviceID, 10)
}

// GoString is String.
func (t OTPToken) GoString() string { return t.String() }

// LogValue is String.
func (t OTPToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// userMark is the parameter of a user's ID in a statement.
func (db *DB) userMark() string {
	if db.users.uuid {
		return db.dialect.UUIDMark("?1")
	}
	return "?1"
}

// OTPDevices returns the confirmed devices of a user, or none where there is no such table.
func (db *DB) OTPDevices(ctx context.Context, userID string) ([]OTPDevice, error) {
	key, ok := db.userKey(userID)
	if !ok || !db.Facts().Has(OTPTable) {
		return nil, nil
	}
	q := db.dialect.Query("django-otp's devices read",
		"SELECT id, "+db.dialect.Quote("key")+", step, t0, digits,"+
			" tolerance, drift, last_t, throttling_failure_count, "+
			db.dialect.TimeColumn("throttling_failure_timestamp")+" FROM "+OTPTable+
			" WHERE user_id = "+db.userMark()+" AND confirmed ORDER BY id LIMIT "+strconv.Itoa(maxOTP))
	all, err := Collect(ctx, db.Executor(), &q, []any{key}, func(d *OTPDevice) []any {
		return []any{
			&d.ID, &d.Key, &d.Step, &d.T0, &d.Digits, &d.Tolerance, &d.Drift, &d.LastT, &d.Failures,
			&dialect.Time{Dest: &d.FailedAt, Dialect: db.dialect},
		}
	})
	if err != nil {
		return nil, fmt.Errorf("database: devices of django-otp: %w", err)
	}
	return all, nil
}

// UseOTPStep uses up the code of a step of a device, and those before, and reports whether it was good
// until then: of any number who try at once it is true for one. The drift is the new one.
func (db *DB) UseOTPStep(ctx context.Context, d OTPDevice, step, drift int64) (bool, error) {
	q := db.dialect.Query("code of django-otp used up", "UPDATE "+OTPTable+" SET last_t = ?2, drift = ?3,"+
		" throttling_failure_count = 0, throttling_failure_timestamp = NULL"+
		" WHERE id = ?1 AND last_t < ?2 AND confirmed")
	count, err := db.exec(ctx, &q, d.ID, step, drift)
	return count > 0, err
}

// FailOTP counts a wrong code of a device at now.
func (db *DB) FailOTP(ctx context.Context, d OTPDevice, now time.Time) error {
	q := db.dialect.Query("wrong code of django-otp counted", "UPDATE "+OTPTable+
		" SET throttling_failure_count = throttling_failure_count + 1,"+
		" throttling_failure_timestamp = ?2 WHERE id = ?1")
	_, err := db.exec(ctx, &q, d.ID, db.dialect.Bind(now))
	return err
}

// OTPTokens returns the tokens of the user's confirmed static devices, or none where there are no such
// tables.
func (db *DB) OTPTokens(ctx context.Context, userID string) ([]OTPToken, error) {
	key, ok := db.userKey(userID)
	if !ok || !db.Facts().Has(otpStaticTable, otpTokenTable) {
		return nil, nil
	}
	q := db.dialect.Query("django-otp's tokens read", "SELECT t.id, t.device_id, t.token FROM "+otpTokenTable+
		" t JOIN "+otpStaticTable+" d ON d.id = t.device_id WHERE d.user_id = "+db.userMark()+
		" AND d.confirmed ORDER BY t.id LIMIT "+strconv.Itoa(maxOTP))
	all, err := Collect(ctx, db.Executor(), &q, []any{key}, func(t *OTPToken) []any {
		return []any{&t.ID, &t.DeviceID, &t.Text}
	})
	if err != nil {
		return nil, fmt.Errorf("database: tokens of django-otp: %w", err)
	}
	return all, nil
}

// UseOTPToken uses a token up, and reports whether it was there: of any number who try at once it is
// true for one.
func (db *DB) UseOTPToken(ctx context.Context, t OTPToken) (bool, error) {
	q := db.dialect.Query("token of django-otp used up", "DELETE FROM "+otpTokenTable+" WHERE id = ?1")
	count, err := db.exec(ctx, &q, t.ID)
	return count > 0, err
}

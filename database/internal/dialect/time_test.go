package dialect

import (
	"testing"
	"time"
)

func TestParseNaive(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	utc := func(h, m, s, micro int) time.Time { return time.Date(2026, 1, 2, h, m, s, micro*1000, time.UTC) }
	for text, want := range map[string]time.Time{
		"2026-01-02 03:04:05":              utc(2, 4, 5, 0),
		"2026-01-02 03:04:05.678901":       utc(2, 4, 5, 678901),
		"2026-01-02 03:04:05.6":            utc(2, 4, 5, 600000),
		"2026-01-02 03:04:05.678901999":    utc(2, 4, 5, 678901),
		"2026-01-02T03:04:05.000001":       utc(2, 4, 5, 1),
		"2026-01-02T03:04:05Z":             utc(3, 4, 5, 0),
		"2026-01-02 03:04:05+00:00":        utc(3, 4, 5, 0),
		"2026-01-02 03:04:05.5 +02:30":     utc(0, 34, 5, 500000),
		"2026-01-02 03:04:05.678901-01:00": utc(4, 4, 5, 678901),
	} {
		if got, err := ParseNaive(text, berlin); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "x", "2026-01-02", "2026-01-02 03:04", "2026-13-02 03:04:05", "2026-00-02 03:04:05", "2026-01-32 03:04:05",
		"2026-01-02 24:04:05", "2026-01-02 03:60:05", "2026-01-02 03:04:60", "2026/01/02 03:04:05", "2026-01-02_03:04:05",
		"2026-01-02 03-04-05", "2026-01-02 03:04:05 +0000 UTC", "2026-01-02 03:04:05x", "+026-01-02 03:04:05", "1767322800",
	} {
		if got, err := ParseNaive(text, berlin); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestFormatNaive(t *testing.T) {
	for want, at := range map[string]time.Time{
		"2026-01-02 03:04:05":        time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02 03:04:05.000100": time.Date(2026, 1, 2, 3, 4, 5, 100_000, time.UTC),
		"0001-01-01 00:00:00":        {},
		"9999-12-31 23:59:59.999999": time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		if got := FormatNaive(at); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}

func TestScanTime(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	naive, instants := &Dialect{Location: berlin}, &Dialect{Location: berlin, NativeTime: true}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, test := range []struct {
		dialect *Dialect
		value   any
		want    time.Time
	}{
		{naive, nil, time.Time{}},
		{naive, at, at.Add(-time.Hour)}, // a driver that takes naive times for UTC
		{instants, at.In(berlin), at},
		{naive, "2026-01-02 03:04:05.678901", at.Add(-time.Hour)},
		{naive, []byte("2026-01-02 03:04:05.678901"), at.Add(-time.Hour)},
	} {
		got := at
		s := Time{Dest: &got, Dialect: test.dialect}
		if err := s.Scan(test.value); err != nil || !got.Equal(test.want) {
			t.Errorf("%v: %v, %v, want %v", test.value, got, err, test.want)
		}
	}
	var got time.Time
	s := Time{Dest: &got, Dialect: naive}
	for _, bad := range []any{int64(5), "soon", true} {
		if err := s.Scan(bad); err == nil {
			t.Errorf("%v is read as %v", bad, got)
		}
	}
}

// What is written is read back, and text sorts as time does.
func FuzzTimes(f *testing.F) {
	f.Add(int64(0), int64(1), 0)
	f.Add(int64(1767322800_000000), int64(1767322800_000001), 3600)
	f.Fuzz(func(t *testing.T, a, b int64, offset int) {
		const last = 253402300799_999999 // the end of 9999
		a, b, offset = a%last, b%last, offset%50_000
		zone := time.FixedZone("x", offset)
		times, texts := [2]time.Time{time.UnixMicro(a), time.UnixMicro(b)}, [2]string{}
		for i, at := range times {
			if year := at.In(zone).Year(); year < 1 || year > 9999 {
				return
			}
			texts[i] = FormatNaive(at.In(zone))
			if back, err := ParseNaive(texts[i], zone); err != nil || !back.Equal(at) {
				t.Fatalf("%v: %q: %v, %v", at, texts[i], back, err)
			}
		}
		if times[0].Before(times[1]) != (texts[0] < texts[1]) {
			t.Fatalf("%q and %q do not sort as their times", texts[0], texts[1])
		}
	})
}

// No text makes the parser panic.
func FuzzParseNaive(f *testing.F) {
	f.Add("2026-01-02 03:04:05.678901+01:00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseNaive(text, time.UTC)
		if err == nil && got.Location() != time.UTC {
			t.Errorf("%q: %v", text, got)
		}
	})
}

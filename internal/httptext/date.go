package httptext

import (
	"net/http"
	"time"
)

// The dates of HTTP have four digits for the year.
var (
	firstDate = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDate  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// HTTPDate writes a time as headers do, "Thu, 01 Jan 1970 00:00:00 GMT"; a part
// of a second falls away. Django: django.utils.http.http_date.
func HTTPDate(t time.Time) string {
	var space [len(http.TimeFormat) + 8]byte
	return string(appendDate(space[:0], t))
}

func appendDate(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, http.TimeFormat)
}

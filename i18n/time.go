package i18n

import "time"

// months are the short names of the months.
var months = [...]string{
	MarkC("month", "Jan"), MarkC("month", "Feb"), MarkC("month", "Mar"), MarkC("month", "Apr"),
	MarkC("month", "May"), MarkC("month", "Jun"), MarkC("month", "Jul"), MarkC("month", "Aug"),
	MarkC("month", "Sep"), MarkC("month", "Oct"), MarkC("month", "Nov"), MarkC("month", "Dec"),
}

// Time writes a date with the time of day, "2 Jan 2006, 15:04", in the zone that
// the time is in: call its UTC or In before. The zone is not named.
func (t *Translator) Time(at time.Time) string {
	return t.C("date", "%(day)d %(month)s %(year)d, %(time)s",
		"day", at.Day(), "month", t.C("month", months[at.Month()-1]), "year", at.Year(), "time", at.Format("15:04"))
}

// Relative writes how long ago something was: "just now", "3 minutes ago", "5
// hours ago", then by the calendar of the zone of now "yesterday" and "6 days
// ago", and what is 30 days ago or more, or still to come, as [Translator.Time]
// in that zone.
func (t *Translator) Relative(at, now time.Time) string {
	at = at.In(now.Location())
	switch ago, days := now.Sub(at), dayNumber(now)-dayNumber(at); {
	case ago <= -time.Minute || days >= 30:
		return t.Time(at)
	case ago < time.Minute:
		return t.T("just now")
	case ago < time.Hour:
		return t.N("%(n)d minute ago", "%(n)d minutes ago", int(ago/time.Minute))
	case ago < 24*time.Hour:
		return t.N("%(n)d hour ago", "%(n)d hours ago", int(ago/time.Hour))
	case days <= 1:
		return t.T("yesterday")
	default:
		return t.N("%(n)d day ago", "%(n)d days ago", days)
	}
}

// dayNumber counts the days of the calendar.
func dayNumber(t time.Time) int {
	year, month, day := t.Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

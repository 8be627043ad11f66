package sessionlist

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth/audit"
)

// TestGrouped: equal neighbours are one line, whatever a visitor does is a few, and nothing that
// lies between hides.
func TestGrouped(t *testing.T) {
	many := func(n int, event string) string { return strings.Repeat(event+" ", n) }
	addresses := ""
	for i := range 30 {
		addresses += fmt.Sprintf("login-failed:%d ", i)
	}
	for _, test := range []struct{ events, want string }{
		{"", ""},
		{"login:1", "login:1*1"},
		{many(37, "login-failed:1"), "login-failed:1*37"},
		{"login:1 login:1 logout:1 login:1", "login:1*2 logout:1*1 login:1*1"},
		{"login:1 login:2", "login:1*1 login:2*1"},
		{many(9, "login-failed:1 login-throttled:1"), "login-failed:1*9 login-throttled:1*9"},
		{
			"login-failed:1 login:1 login-failed:1 logout:1 login-failed:1 login-failed:1",
			"login-failed:1*1 login:1*1 login-failed:1*1 logout:1*1 login-failed:1*2",
		},
		{
			addresses + "login-throttled:1 login:7 " + addresses,
			"login-failed:0*1 login-failed:1*1 login-failed:2*1 login-failed:3*1 login-failed:*26 login-throttled:1*1 login:7*1 " +
				"login-failed:0*1 login-failed:1*1 login-failed:2*1 login-failed:3*1 login-failed:*26",
		},
		{addresses + "login-failed:2 login-failed:99", "login-failed:0*1 login-failed:1*1 login-failed:2*2 login-failed:3*1 login-failed:*27"},
	} {
		var all []audit.Entry
		for _, text := range strings.Fields(test.events) {
			event, ip, _ := strings.Cut(text, ":")
			var e audit.Entry
			e.Event, e.IP = event, ip
			all = append(all, e)
		}
		before := slices.Clone(all)
		var got []string
		for _, g := range grouped(all) {
			got = append(got, fmt.Sprintf("%s:%s*%d", g.Event, g.IP, g.Times))
			if g.Several != (g.IP == "") {
				t.Errorf("%s: %+v", test.events, g)
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s:\n%s, want\n%s", test.events, text, test.want)
		}
		if !slices.Equal(before, all) {
			t.Error("the events are others now")
		}
	}
}

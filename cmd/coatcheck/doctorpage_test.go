package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/findings"
)

// ports and times differ from run to run.
var varies = regexp.MustCompile(`127\.0\.0\.1:\d+|costs \d+ ms`)

// TestDoctorPage: docs/doctor.md has a row for every rule of the doctor and no others, the fields of
// --json, and shows what the command prints.
func TestDoctorPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(coatcheck\\.[A-Z]\\d+)` \\| [^|]+ \\| [^|]+ \\|$").FindAllStringSubmatch(page, -1) {
		rows = append(rows, m[1])
	}
	ids := findings.DoctorIDs()
	slices.Sort(rows)
	slices.Sort(ids)
	if diff := cmp.Diff(ids, rows); diff != "" {
		t.Errorf("the rules (-) and the page (+):\n%s", diff)
	}
	for _, field := range []string{"findings", "seen", "unseen", "id", "severity", "text", "remedy", "name", "says"} {
		if !strings.Contains(page, "`"+field+"`") {
			t.Errorf("the page has no field %s", field)
		}
	}
	o := newOutdoors(t)
	o.flags = slices.DeleteFunc(slices.Clone(sound), func(flag string) bool {
		return flag == "--trusted-proxy" || flag == "127.0.0.1" || flag == "--allowed-host" || flag == "--secure-ssl-redirect"
	})
	o.flags = append(o.flags, "--allowed-host", "127.0.0.1")
	behind := o.serve(t)
	o.foreign()
	statement(t, o.where, "DELETE FROM auth_user")
	now := time.Now()
	o.user("a", "pbkdf2_sha256$1000000"+oldHash, now)
	o.user("b", "pbkdf2_sha256$1000000"+oldHash, now)
	o.user("c", "pbkdf2_sha256$260000"+oldHash, now)
	o.session("live", now.Add(time.Hour))
	o.session("old", epoch)
	o.session("older", epoch)
	out, _ := o.command(append([]string{"doctor", "--url", front{}.start(t, o.certificate, behind)}, o.flags...)...).Output()
	if diff := cmp.Diff(varies.ReplaceAllString(written(t, "doctor.md", "doctor", 1), "*"), varies.ReplaceAllString(string(out), "*")); diff != "" {
		t.Errorf("the page (-) and the command (+):\n%s", diff)
	}
}

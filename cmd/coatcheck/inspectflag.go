package main

import (
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/internal/console"
)

// inspectFlag opens the inspector.
type inspectFlag struct {
	Inspect bool `group:"log" help:"Show each request's way through the five layers live, at /inspector/, to this machine and to superusers; to superusers alone where the site is behind a proxy."`
}

// inspector returns the inspector of the site, or nil without the flag. Behind a proxy, a client
// that seems to be on this machine may be anybody.
func (f *inspectFlag) inspector(site *coatcheck.Site, proxied bool) (*inspector.Inspector, error) {
	if !f.Inspect {
		return nil, nil
	}
	return inspector.New(inspector.Config{Kit: site.Views.Kit, SuperusersOnly: proxied})
}

// tell reports where the inspector of the site at an address is, and who can open it.
func (f *inspectFlag) tell(con *console.Console, at string, proxied bool) {
	switch {
	case !f.Inspect:
	case proxied || strings.HasPrefix(at, "unix:"):
		fmt.Fprintf(con.Err, "The inspector is at %s of the site; superusers can open it.\n",
			inspector.DefaultPath)
	default:
		fmt.Fprintf(con.Err, "The inspector is at %s; this machine and superusers can open it.\n",
			strings.TrimSuffix(at, "/")+inspector.DefaultPath)
	}
}

// hint names the inspector where the flag is not given.
func (f *inspectFlag) hint(con *console.Console) {
	if !f.Inspect {
		fmt.Fprintf(con.Err, "To watch how each request finds its session and its user, start with "+
			"--inspect and open %s.\n", inspector.DefaultPath)
	}
}

package sessionlist

import "github.com/coatcheck/coatcheck/auth/audit"

// maxApart is how many lines neighbouring events of visitors get before those from further
// addresses share one.
const maxApart = 5

// Group is equal neighbouring events, as one line of the list.
type Group struct {
	audit.Entry      // the newest of them; without address and device if they differ
	Times       int  // how many events it stands for
	Several     bool // whether they came from several addresses or devices
}

// grouped joins neighbouring events that are equal, so that a flood of failed logins hides nothing
// else. Between the events of visitors a lockout now and then does not divide the others.
func grouped(all []audit.Entry) []Group {
	var out []Group
	run := 0 // where in out those begin that the next event may join
	for i, e := range all {
		if i > 0 && !(byVisitor(e) && byVisitor(all[i-1])) {
			run = len(out)
			if !byVisitor(e) {
				run--
			}
		}
		if g := joins(out[run:], e); g != nil {
			g.Times++
			continue
		}
		out = append(out, Group{Entry: e, Times: 1})
	}
	return out
}

// byVisitor reports whether anybody may have caused an event.
func byVisitor(e audit.Entry) bool {
	meaning, _ := audit.Code(e.Event).Meaning()
	return meaning.Visitor
}

// joins returns the group that an event belongs to, or nil for one of its own.
func joins(run []Group, e audit.Entry) *Group {
	var alike *Group
	for i := range run {
		g := &run[i]
		if g.Event != e.Event || g.Actor != e.Actor {
			continue
		}
		alike = g
		if !g.Several && g.Reason == e.Reason && g.IP == e.IP && g.Browser == e.Browser && g.OS == e.OS {
			return g
		}
	}
	if len(run) < maxApart || alike == nil {
		return nil
	}
	alike.Several, alike.IP, alike.Browser, alike.OS = true, "", "", ""
	return alike
}

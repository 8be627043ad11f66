package flow_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/flow"
)

func TestTrace(t *testing.T) {
	ctx, trace := flow.NewContext(context.Background())
	flow.FromContext(ctx).Step(flow.Middleware, "cookie read", "key", flow.Brief("abcdefghijklmnopqrstuvwxyz012345"), "path", "/a b\n")
	flow.FromContext(ctx).Step(flow.AccessControl, "let in")
	got := trace.Format("GET /")
	for _, want := range []string{"GET /\n", "3 Middleware", "cookie read", "key=abcd…", `path="/a b\n"`, "5 Access control", "let in\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if len(trace.Steps()) != 2 || trace.Steps()[0].Layer.String() != "Middleware" {
		t.Errorf("steps: %+v", trace.Steps())
	}
}

func TestOffIsNil(t *testing.T) {
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		if tr := flow.FromContext(ctx); tr != nil {
			tr.Step(flow.View, "never", "key", 1)
		}
	}); n != 0 {
		t.Errorf("a trace that is off allocates %v times", n)
	}
}

func TestTraceIsBounded(t *testing.T) {
	_, trace := flow.NewContext(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				trace.Step(flow.Database, "x")
			}
		})
	}
	wg.Wait()
	if n := len(trace.Steps()); n != 200 {
		t.Errorf("%d steps", n)
	}
}

func TestBriefHidesKeys(t *testing.T) {
	for key, want := range map[string]string{"": "none", "short": "…", "0123456789abcdef0123": "0123…"} {
		if got := flow.Brief(key); got != want {
			t.Errorf("Brief(%q) = %q", key, got)
		}
	}
}

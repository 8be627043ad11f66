package otel_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/otel"
)

func TestLogin(t *testing.T) {
	r := newRig(t, otel.Config{})
	client := r.NewClient(r.handler)
	if got := r.login(client, rightPassword); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	span := r.last()
	for key, want := range map[string]string{
		"http.request.method": "POST", "http.response.status_code": "200", "url.path": "/accounts/login/",
		"url.scheme": "http", "coatcheck.verdict": "let in", "coatcheck.code": "login.done",
		"coatcheck.reason": "",
	} {
		if got := text(span.Attributes, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if span.Name != "POST" || span.SpanKind != trace.SpanKindServer || span.Status.Code != codes.Unset {
		t.Errorf("the span is %s, %v, %v", span.Name, span.SpanKind, span.Status)
	}
	compared := event(t, span, "password.compared")
	if text(compared.Attributes, "coatcheck.layer") != "View" ||
		text(compared.Attributes, "coatcheck.step.right") != "true" ||
		text(compared.Attributes, "coatcheck.duration") == "" {
		t.Errorf("the step is %v", compared.Attributes)
	}
	if at := compared.Time; at.Before(span.StartTime) || at.After(span.EndTime) {
		t.Errorf("the step was at %v, not from %v to %v", at, span.StartTime, span.EndTime)
	}
	if row := event(t, span, "database.row"); text(row.Attributes, "coatcheck.step.query") == "" ||
		text(row.Attributes, "coatcheck.step.table") != "auth_user" {
		t.Errorf("the statement is %v", row.Attributes)
	}
	if done := event(t, span, "login.done"); text(done.Attributes, "coatcheck.step.auth_user_id") != "" {
		t.Errorf("the span names the user: %v", done.Attributes)
	}
	r.wants(map[string]float64{
		"coatcheck.requests{verdict=let in}": 1, "coatcheck.request{verdict=let in}": 1,
		"coatcheck.logins{outcome=done}": 1, "coatcheck.sessions_created{}": 1,
		"coatcheck.hashes_running{}": 0,
	})
	if got := r.numbers(); got["coatcheck.hashes{}"] < 1 || got["coatcheck.database{operation=row}"] < 1 {
		t.Errorf("hashes and statements are missing: %v", got)
	}
	client.Post("/accounts/logout/", nil)
	r.wants(map[string]float64{"coatcheck.sessions_ended{why=logout}": 1})
}

// TestTimes: a step has the time at which it was done, not that of the end of its request.
func TestTimes(t *testing.T) {
	r := newRig(t, otel.Config{})
	const pause = 20 * time.Millisecond
	r.telemetry.Record(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		flow.Emit(request.Context(), "example.step")
		time.Sleep(pause)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	span := r.last()
	if after := span.EndTime.Sub(event(t, span, "example.step").Time); after < pause {
		t.Errorf("the span ended %v after the step, want %v at least", after, pause)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t, otel.Config{})
	client := r.NewClient(r.handler)
	r.login(client, "wrong")
	span := r.last()
	got := text(span.Attributes, "coatcheck.reason")
	if got != "wrong-credentials" || span.Status.Code != codes.Unset {
		t.Errorf("the wrong password is %q, %v", got, span.Status)
	}
	failed := event(t, span, "authenticate.failed")
	if text(failed.Attributes, "coatcheck.reason") != "wrong-credentials" {
		t.Errorf("the step has no reason: %v", failed.Attributes)
	}
	client.Get("/members/")
	span = r.last()
	got = text(span.Attributes, "coatcheck.reason")
	if got != "no-cookie" || span.Status.Code != codes.Unset {
		t.Errorf("the visitor is %q, %v", got, span.Status)
	}
	r.wants(map[string]float64{
		"coatcheck.logins{outcome=refused,reason=wrong-credentials}":   1,
		"coatcheck.requests{reason=wrong-credentials,verdict=refused}": 1,
		"coatcheck.requests{reason=no-cookie,verdict=refused}":         1,
	})
}

func TestFailures(t *testing.T) {
	r := newRig(t, otel.Config{})
	client := r.NewClient(r.handler)
	r.login(client, rightPassword)
	if err := r.Database.Close(); err != nil {
		t.Fatal(err)
	}
	if got := client.Get("/members/"); got.Status != http.StatusServiceUnavailable {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	span := r.last()
	if span.Status.Code != codes.Error || span.Status.Description != "store-failed" ||
		text(span.Attributes, "error.type") != "store-failed" ||
		text(span.Attributes, "coatcheck.verdict") != "failed" {
		t.Errorf("the span is %v %v", span.Status, span.Attributes)
	}
	r.wants(map[string]float64{"coatcheck.requests{reason=store-failed,verdict=failed}": 1})
}

// TestPanic: the span of a handler that panics ends with an error, and without the panic's text.
func TestPanic(t *testing.T) {
	r := newRig(t, otel.Config{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		request := httptest.NewRequest(http.MethodGet, "/panic/", http.NoBody)
		r.handler.ServeHTTP(httptest.NewRecorder(), request)
	}()
	span := r.last()
	if span.Status.Code != codes.Error || text(span.Attributes, "http.response.status_code") != "" {
		t.Errorf("the span is %v %v", span.Status, span.Attributes)
	}
	if strings.Contains(r.everything(), "canary") {
		t.Errorf("the span has the panic's text: %v", span)
	}
}

// TestSpanAround: a span that another middleware began gets the steps, and a path without tokens.
func TestSpanAround(t *testing.T) {
	r := newRig(t, otel.Config{})
	tracer := r.traces.Tracer("another")
	const token = "d0iq4g-3f9b7d6f3b6a8a1c94ab71d2c9f05e77"
	around := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		path := attribute.String("url.path", request.URL.Path)
		ctx, span := tracer.Start(request.Context(), "around", trace.WithAttributes(path))
		defer span.End()
		r.handler.ServeHTTP(w, request.WithContext(ctx))
	})
	r.NewClient(around).Get("/accounts/reset/MQ/" + token + "/")
	spans := r.spans.GetSpans()
	if len(spans) != 1 || spans[0].Name != "around" || len(spans[0].Events) == 0 {
		t.Fatalf("the spans are %v", spans)
	}
	if text(spans[0].Attributes, "coatcheck.verdict") == "" || strings.Contains(r.everything(), token) {
		t.Errorf("the span is %v", spans[0].Attributes)
	}
}

// TestPropagator: what a client says of its trace counts only if the program asked for it.
func TestPropagator(t *testing.T) {
	const parent = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, test := range []struct {
		propagator propagation.TextMapPropagator
		follows    bool
	}{{nil, false}, {propagation.TraceContext{}, true}} {
		r := newRig(t, otel.Config{Propagator: test.propagator})
		client := r.NewClient(r.handler)
		client.Header.Set("Traceparent", "00-"+parent+"-00f067aa0ba902b7-01")
		client.Get("/members/")
		if got := r.last().SpanContext.TraceID().String(); (got == parent) != test.follows {
			t.Errorf("with %v the trace is %s", test.propagator, got)
		}
	}
}

// TestEventsAreBounded: however many steps a request has, its span has 100, and says how many are left out.
func TestEventsAreBounded(t *testing.T) {
	r := newRig(t, otel.Config{})
	r.NewClient(r.handler).Get("/many/")
	span := r.last()
	dropped := text(span.Attributes, "coatcheck.steps_dropped")
	if len(span.Events) != 100 || span.DroppedEvents != 0 || dropped != "201" {
		t.Errorf("%d events, the SDK dropped %d, we %s", len(span.Events), span.DroppedEvents, dropped)
	}
}

// TestNothingIsCollected: without a sampled span and a reader, no layer records its steps.
func TestNothingIsCollected(t *testing.T) {
	site := coatchecktest.NewSite(t)
	handled := false
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		handled = true
		if flow.On(r.Context()) {
			t.Error("steps are recorded for nobody")
		}
	})
	unsampled := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	unread := metric.NewMeterProvider()
	for _, c := range []otel.Config{{}, {TracerProvider: unsampled, MeterProvider: unread}} {
		telemetry, err := otel.New(site.Site, c)
		if err != nil {
			t.Fatal(err)
		}
		handled = false
		request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		telemetry.Record(next).ServeHTTP(httptest.NewRecorder(), request)
		if !handled {
			t.Error("the handler was not called")
		}
	}
	if _, err := otel.New(nil, otel.Config{}); err == nil {
		t.Error("a site that is nil was accepted")
	}
}

// TestUnsampledIsCounted: a request that is not sampled is counted all the same.
func TestUnsampledIsCounted(t *testing.T) {
	r := newRig(t, otel.Config{}, sdktrace.WithSampler(sdktrace.NeverSample()))
	r.NewClient(r.handler).Get("/members/")
	if n := len(r.spans.GetSpans()); n != 0 {
		t.Errorf("%d spans", n)
	}
	r.wants(map[string]float64{"coatcheck.requests{reason=no-cookie,verdict=refused}": 1})
}

func TestConcurrentRequests(t *testing.T) {
	r := newRig(t, otel.Config{})
	var all sync.WaitGroup
	for range 8 {
		client := r.NewClient(r.handler)
		all.Go(func() {
			for range 5 {
				client.Get("/members/")
			}
		})
		all.Go(func() { r.numbers() })
	}
	all.Wait()
	r.wants(map[string]float64{"coatcheck.requests{reason=no-cookie,verdict=refused}": 40})
	if n := len(r.spans.GetSpans()); n != 40 {
		t.Errorf("%d spans", n)
	}
}

// TestBackground: housekeeping is counted.
func TestBackground(t *testing.T) {
	r := newRig(t, otel.Config{})
	flow.Emit(r.telemetry.Background(t.Context()), "email.sent")
	r.wants(map[string]float64{"coatcheck.emails{outcome=sent}": 1})
}

// canaryKey is a session key that no session has.
const canaryKey = "0canary0canary0canary0canary0abc"

var formToken = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]+)"`)

// TestNoSecrets: no span and no metric has a secret, whatever Identify is; and nothing
// that a client chose but the path, unless the program asked for it.
func TestNoSecrets(t *testing.T) {
	for _, identify := range []bool{false, true} {
		site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardBoth })
		r := newRigOn(t, site, otel.Config{Identify: identify})
		client := r.NewClient(r.handler)
		client.Header.Set("Accept", "text/html")
		page := client.Get("/accounts/login/")
		field := formToken.FindStringSubmatch(page.Body)
		csrf := page.Cookie("csrftoken")
		if csrf == nil || field == nil {
			t.Fatalf("the login page has no CSRF token: %v\n%s", page.Header, page.Body)
		}
		client.Header.Set("X-Csrftoken", "canary-token")
		if got := r.login(client, rightPassword); got.Status != http.StatusForbidden {
			t.Fatalf("a wrong token got %d", got.Status)
		}
		client.Header.Set("X-Csrftoken", field[1])
		request := client.NewRequest(http.MethodGet, "/members/?canary-query", nil)
		request.Header.Set("Cookie", "canary=canary; sessionid="+canaryKey)
		client.Do(request)
		r.login(client, "canary-wrong")
		if got := r.login(client, rightPassword); got.Status != http.StatusFound {
			t.Fatalf("the login got %d %s", got.Status, got.Body)
		}
		key := string(client.Session().Key())
		if got := client.Get("/members/?canary-query"); got.Body != "for members" {
			t.Fatalf("ada got %d %s", got.Status, got.Body)
		}
		all := r.everything()
		for _, secret := range []string{"canary", canaryKey, key, csrf.Value, field[1]} {
			if len(secret) < 6 || strings.Contains(all, secret) {
				t.Errorf("the secret %q is in\n%s", secret, all)
			}
		}
		if named := strings.Contains(all, "coatcheck.step.user=1"); named != identify {
			t.Errorf("Identify is %v, and the user in the spans: %v\n%s", identify, named, all)
		}
	}
}

package throttle_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/throttle/throttletest"
)

func TestMemory(t *testing.T) {
	throttletest.TestStore(t, func(*testing.T) []throttle.Store { return []throttle.Store{throttle.NewMemory(0)} })
}

// TestMemoryClock checks the times to the nanosecond.
func TestMemoryClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, limit := throttle.NewMemory(0), throttle.Limit{Burst: 3, Every: time.Minute}
		wants := func(want time.Duration) {
			t.Helper()
			if got, err := m.Take(t.Context(), "a", limit); got != want || err != nil {
				t.Fatalf("the wait is %v, %v, want %v", got, err, want)
			}
		}
		for range 3 {
			wants(0)
		}
		wants(time.Minute)
		time.Sleep(20 * time.Second)
		wants(40 * time.Second)
		time.Sleep(40*time.Second - time.Nanosecond)
		wants(1)
		time.Sleep(time.Nanosecond)
		wants(0)
		wants(time.Minute)
		time.Sleep(24 * time.Hour) // no more than the burst is saved up
		for range 3 {
			wants(0)
		}
		wants(time.Minute)
	})
}

// TestMemoryIsBounded: unknown clients' names take no more places than there are, and
// do not free the budget that is used up.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places = 100
		m, limit := throttle.NewMemory(places), throttle.Limit{Burst: 5, Every: time.Minute}
		take := func(name string) time.Duration {
			wait, _ := m.Take(t.Context(), name, limit)
			return wait
		}
		for range 5 {
			take("attacked")
		}
		for i := range 50 * places {
			if take(fmt.Sprint("stranger ", i)) != 0 {
				t.Fatal("a full store refused a name")
			}
			if m.Len() > places {
				t.Fatalf("%d names", m.Len())
			}
		}
		if take("attacked") == 0 {
			t.Error("strangers freed the account that they attack")
		}
		time.Sleep(time.Hour) // all are whole, and the next ones take their places
		for i := range 5 * places {
			take(fmt.Sprint("later ", i))
		}
		if m.Len() > places || take("attacked") != 0 {
			t.Errorf("%d names", m.Len())
		}
	})
}

func TestAddress(t *testing.T) {
	for _, test := range []struct{ address, want string }{
		{"192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff::", "2001:db8:1:2::/64"},
		{"2001:0DB8:1:3::1", "2001:db8:1:3::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"::1", "::/64"},
	} {
		if got := throttle.Address(netip.MustParseAddr(test.address)); got != test.want {
			t.Errorf("%s: %s, want %s", test.address, got, test.want)
		}
	}
	if got := throttle.Address(netip.Addr{}); got != "" {
		t.Errorf("no address: %q", got)
	}
}

func TestNames(t *testing.T) {
	n := throttle.NewNames("secret")
	// python: salted_hmac("coatcheck.throttle", "account:id:1", "secret", algorithm="sha256").hexdigest()
	if got, want := n.Name("account", "id:1"), "ce4613c967913e3e49c155cfb77e5d9799591f534bae0d1d0dd6063dc58db0e4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", n, n, n), "1") {
		t.Errorf("%#v shows the key", n)
	}
}

func TestLimit(t *testing.T) {
	for _, text := range []string{"", "10", "10/", "/1m", "x/1m", "10/x", "0/1m", "-1/1m", "10/0s", "10/-1m", "10/1us", "1000001/1m", "10/100000h"} {
		if l, err := throttle.ParseLimit(text); err == nil {
			t.Errorf("%q is %v", text, l)
		}
	}
	l, err := throttle.ParseLimit("10/20m")
	if err != nil || l != (throttle.Limit{Burst: 10, Every: 20 * time.Minute}) || l.Slack() != 3*time.Hour || l.String() != "10/20m0s" {
		t.Errorf("%v, %v", l, err)
	}
}

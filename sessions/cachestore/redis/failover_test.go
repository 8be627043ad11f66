//go:build unix

package redis_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// drill is what must survive a master's death.
type drill struct {
	store   *cachestore.Store
	live    []string // keys
	revoked []string
}

const drillText = `{"_auth_user_id":"1"}`

func newDrill(t *testing.T, c redis.Config) *drill {
	t.Helper()
	c.DialTimeout, c.Timeout = 2*time.Second, 5*time.Second
	d := &drill{store: newStore(t, cachestore.Config{Cache: open(t, c)})}
	for range 60 {
		key, _ := create(t, d.store, drillText, time.Hour)
		d.live = append(d.live, key)
	}
	return d
}

// revoke logs out the first third of those that live, which the replicas have
// got by now.
func (d *drill) revoke(t *testing.T) {
	t.Helper()
	n := len(d.live) / 3
	for _, key := range d.live[:n] {
		if err := d.store.Delete(t.Context(), key); err != nil {
			t.Fatalf("logout: %v", err)
		}
	}
	d.revoked, d.live = append(d.revoked, d.live[:n]...), d.live[n:]
}

// pass loads everything once and counts what failed. A session that is said to
// be gone and is not, or the other way, fails the test at any time.
func (d *drill) pass(t *testing.T) (failed int) {
	t.Helper()
	for _, key := range d.live {
		r, err := d.store.Load(t.Context(), key)
		switch {
		case errors.Is(err, sessions.ErrNotFound):
			t.Fatal("an outage was taken for a logout")
		case err != nil:
			failed++
		case r.Data.JSON() != drillText:
			t.Fatalf("loaded %s", r.Data.JSON())
		}
	}
	for _, key := range d.revoked {
		switch r, err := d.store.Load(t.Context(), key); {
		case err == nil:
			t.Fatalf("a revoked session came back: %v", r)
		case !errors.Is(err, sessions.ErrNotFound):
			failed++
		}
	}
	return failed
}

// recover waits for a pass without an error, and then wants no other one.
func (d *drill) recover(t *testing.T) {
	t.Helper()
	began, errs := time.Now(), 0
	wait(t, 90*time.Second, "the failover", func() bool {
		n := d.pass(t)
		errs += n
		return n == 0
	})
	t.Logf("%d loads failed in %v until a replica had taken over", errs, time.Since(began).Round(time.Millisecond))
	for range 10 {
		if n := d.pass(t); n > 0 {
			t.Errorf("%d loads failed past the failover", n)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// use writes through every operation once.
func (d *drill) use(t *testing.T) {
	t.Helper()
	key, r := create(t, d.store, drillText, time.Hour)
	if err := d.store.Update(t.Context(), key, r); err != nil {
		t.Errorf("update: %v", err)
	}
	if err := d.store.Delete(t.Context(), key); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := d.store.Update(t.Context(), key, r); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("update of what is gone: %v", err)
	}
}

// online reports whether the master has that many replicas that follow it.
func (s *server) online(replicas int) bool {
	return strings.Count(s.ask("INFO replication"), "state=online") == replicas
}

// cluster starts three masters with a replica each; the replica of the first is
// the fourth, and so on.
func cluster(t *testing.T) []*server {
	t.Helper()
	var all []*server
	for range 6 {
		all = append(all, startRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000",
			"--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"))
	}
	for i, slots := range []string{"0 5460", "5461 10922", "10923 16383"} {
		all[i].mustAsk(t, "CLUSTER ADDSLOTSRANGE "+slots)
	}
	for _, s := range all[1:] {
		all[0].mustAsk(t, "CLUSTER MEET 127.0.0.1 "+s.port)
	}
	knows := func(s *server, what string) func() bool {
		return func() bool { return strings.Contains(s.ask("CLUSTER INFO"), what) }
	}
	for _, s := range all {
		wait(t, 60*time.Second, "the nodes to meet", knows(s, "cluster_known_nodes:6"))
	}
	for i, s := range all[3:] {
		master := strings.TrimSpace(all[i].ask("CLUSTER MYID"))
		wait(t, 60*time.Second, "the replica to know its master", func() bool { return strings.Contains(s.ask("CLUSTER NODES"), master) })
		s.mustAsk(t, "CLUSTER REPLICATE "+master)
	}
	for _, s := range all {
		wait(t, 60*time.Second, "the cluster to be whole", knows(s, "cluster_state:ok"))
	}
	for _, s := range all[:3] {
		wait(t, 60*time.Second, "the replica to follow", func() bool { return s.online(1) })
	}
	return all
}

func (s *server) mustAsk(t *testing.T, command string) {
	t.Helper()
	if got := s.ask(command); !strings.HasPrefix(got, "+OK") {
		t.Fatalf("%s: %s", command, got)
	}
}

// ofFirst are the keys whose slots the first master has.
func (d *drill) ofFirst(t *testing.T, s *server, keys []string) (first, others []string) {
	t.Helper()
	for _, key := range keys {
		var slot int
		if _, err := fmt.Sscanf(s.ask("CLUSTER KEYSLOT :1:"+cachestore.KeyPrefix+key), ":%d", &slot); err != nil {
			t.Fatal(err)
		}
		if slot <= 5460 {
			first = append(first, key)
		} else {
			others = append(others, key)
		}
	}
	return first, others
}

// TestCluster kills one of three masters. Sessions of the others never fail, its
// own do until its replica has taken over, and no logout is forgotten.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts six servers")
	}
	nodes := cluster(t)
	config := redis.Config{URL: "redis://" + nodes[0].address, Addresses: []string{nodes[1].address, nodes[2].address}, Cluster: true}
	t.Run("suite", func(t *testing.T) {
		cache := open(t, config)
		sessionstest.TestStore(t, func(t *testing.T) sessions.Store { return newStore(t, cachestore.Config{Cache: cache}) })
	})
	d := newDrill(t, config)
	d.revoke(t)
	if failed := d.pass(t); failed > 0 {
		t.Fatalf("%d loads failed before anything happened", failed)
	}
	first, others := d.ofFirst(t, nodes[1], d.live)
	nodes[0].kill()
	for range 3 {
		for _, key := range others {
			if _, err := d.store.Load(t.Context(), key); err != nil {
				t.Errorf("a session on another master: %v", err)
			}
		}
	}
	t.Logf("%d sessions were on the master that died", len(first))
	d.recover(t)
	for range 10 { // among them keys of the shard that has no replica now
		d.use(t)
	}
	d.revoke(t)
	nodes[0].start(t)
	wait(t, 60*time.Second, "the old master to follow the new one", func() bool { return nodes[3].online(1) })
	d.recover(t)
	d.use(t)
}

// sentinels starts a master, two replicas and three Sentinels.
func sentinels(t *testing.T) (servers, watchers []*server) {
	t.Helper()
	master := startRedis(t, "--repl-diskless-sync-delay", "0")
	servers = []*server{master}
	for range 2 {
		servers = append(servers, startRedis(t, "--replicaof", "127.0.0.1 "+master.port, "--repl-diskless-sync-delay", "0"))
	}
	wait(t, 60*time.Second, "the replicas to follow", func() bool { return master.online(2) })
	for range 3 {
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		config := fmt.Sprintf("sentinel monitor shop 127.0.0.1 %s 2\nsentinel down-after-milliseconds shop 1500\n"+
			"sentinel failover-timeout shop 5000\n", master.port)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		watchers = append(watchers, startRedis(t, file, "--sentinel"))
	}
	for _, w := range watchers {
		wait(t, 60*time.Second, "the Sentinels to meet", func() bool {
			text := w.ask("INFO sentinel")
			return strings.Contains(text, "slaves=2,sentinels=3")
		})
	}
	return servers, watchers
}

func sentinelConfig(watchers []*server) redis.Config {
	return redis.Config{
		URL: "redis://" + watchers[0].address, Addresses: []string{watchers[1].address, watchers[2].address}, Sentinel: "shop",
	}
}

func TestSentinelMasterDies(t *testing.T) {
	if testing.Short() {
		t.Skip("starts six servers")
	}
	servers, watchers := sentinels(t)
	d := newDrill(t, sentinelConfig(watchers))
	d.revoke(t)
	servers[0].kill()
	d.recover(t)
	d.use(t)
	d.revoke(t)
	servers[0].start(t) // as a master, with nothing in it, until it is told
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
		if failed := d.pass(t); failed > 0 {
			t.Errorf("%d loads failed when the old master came back", failed)
		}
	}
	d.use(t)
}

// TestSentinelMasterHangs is a split brain: the master stops, another takes its
// place, sessions are revoked there, and the old one goes on with what it had.
func TestSentinelMasterHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts six servers")
	}
	servers, watchers := sentinels(t)
	d := newDrill(t, sentinelConfig(watchers))
	if err := servers[0].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	d.recover(t)
	d.revoke(t)
	if err := servers[0].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
		d.pass(t)
	}
	d.recover(t)
	d.use(t)
}

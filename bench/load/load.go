// Package load sends requests and measures how long the responses take. It runs in a process
// of its own, so that the server under test does not pay for it.
package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// longest is the greatest latency that is told apart, in microseconds.
const longest = 120_000_000

// Histogram returns an empty histogram of microseconds, three digits exact.
func Histogram() *hdr.Histogram { return hdr.New(1, longest, 3) }

// Run carries out one load after another, from in, and prints a result each.
func Run(in io.Reader, out io.Writer) error {
	r := bufio.NewReader(in)
	c := client{files: map[string][]string{}, hosts: map[string]*fasthttp.HostClient{}}
	for {
		var l protocol.Load
		if err := protocol.ReadLine(r, &l); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		result, err := c.run(l)
		if err != nil {
			result = protocol.Result{Error: err.Error()}
		}
		if err := protocol.WriteLine(out, result); err != nil {
			return err
		}
	}
}

// client keeps the connections and the cookies from one load to the next.
type client struct {
	files map[string][]string
	hosts map[string]*fasthttp.HostClient
}

func (c *client) run(l protocol.Load) (protocol.Result, error) {
	cookies, err := c.cookies(l.Cookies)
	if err != nil {
		return protocol.Result{}, err
	}
	if l.Only > 0 && l.Only < len(cookies) {
		cookies = cookies[:l.Only]
	}
	host, err := c.host(l)
	if err != nil {
		return protocol.Result{}, err
	}
	if l.Requests == 0 && l.Duration == 0 {
		return protocol.Result{}, errors.New("load: neither a number of requests nor a time")
	}
	run := &running{Load: l, host: host, cookies: cookies, begin: time.Now()}
	workers := make([]*worker, l.Connections)
	var all sync.WaitGroup
	for i := range workers {
		workers[i] = run.worker(i)
		all.Go(workers[i].loop)
	}
	all.Wait()
	return merge(workers, time.Since(run.begin))
}

// cookies returns the lines of a file.
func (c *client) cookies(file string) ([]string, error) {
	if known, ok := c.files[file]; ok || file == "" {
		return known, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c.files[file] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	return c.files[file], nil
}

// host returns the connections to a server. Each request is sent once.
func (c *client) host(l protocol.Load) (*fasthttp.HostClient, error) {
	u, err := url.Parse(l.URL)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %d", u.Host, l.Connections)
	if c.hosts[key] == nil {
		c.hosts[key] = &fasthttp.HostClient{
			Addr: u.Host, MaxConns: l.Connections, MaxIdleConnDuration: time.Hour,
			ReadTimeout: time.Minute, WriteTimeout: time.Minute,
			MaxIdemponentCallAttempts: 1, NoDefaultUserAgentHeader: true,
		}
	}
	return c.hosts[key], nil
}

// running is a load that its workers share.
type running struct {
	protocol.Load
	host    *fasthttp.HostClient
	cookies []string
	begin   time.Time
	next    atomic.Int64 // the number of the next request
}

// due returns the number of the worker's next request, and when it is to be sent: at once, or
// at the time that an open loop intends.
func (r *running) due() (n int, at time.Time, ok bool) {
	n = int(r.next.Add(1) - 1)
	at = time.Now()
	if r.Rate > 0 {
		at = r.begin.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
	}
	if r.Requests > 0 && n >= r.Requests || r.Duration > 0 && at.Sub(r.begin) >= r.Duration {
		return 0, at, false
	}
	return n, at, true
}

// pick returns which of count a request is about.
func (r *running) pick(random *rand.Rand, zipf *rand.Zipf, n, count int) int {
	switch r.Pick {
	case protocol.Each:
		return (r.First + n) % count
	case protocol.Zipf:
		return int(zipf.Uint64())
	}
	return random.IntN(count)
}

package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// A worker is one connection.
type worker struct {
	*running
	random  *rand.Rand
	zipf    *rand.Zipf
	latency *hdr.Histogram
	sent    int
	good    int
	bad     map[string]int
	sample  string
}

func (r *running) worker(i int) *worker {
	random := rand.New(rand.NewPCG(r.Seed, uint64(i))) //nolint:gosec // the choice of cookies is no secret
	w := &worker{running: r, random: random, latency: Histogram(), bad: map[string]int{}}
	if count := max(len(r.cookies), r.Logins); count > 1 {
		// s = 1.07 is usual of visitors of web sites.
		w.zipf = rand.NewZipf(random, 1.07, 1, uint64(count-1))
	}
	return w
}

// loop sends until there is nothing more to send. The latency counts from when a request was
// to be sent: one that an earlier slow response holds back has waited too.
func (w *worker) loop() {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	for {
		n, at, ok := w.due()
		if !ok {
			return
		}
		time.Sleep(time.Until(at))
		w.prepare(request, n)
		w.sent++
		err := w.host.Do(request, response)
		took := time.Since(at)
		if bad := w.judge(response, err); bad != "" {
			w.bad[bad]++
			if w.sample == "" {
				w.sample = fmt.Sprintf("%s %.300q", bad, response.Body())
			}
			if w.Logins > 0 {
				time.Sleep(w.Pause)
			}
			continue
		}
		w.good++
		_ = w.latency.RecordValue(min(max(1, took.Microseconds()), longest))
	}
}

// prepare writes the request of that number.
func (w *worker) prepare(request *fasthttp.Request, n int) {
	request.Reset()
	request.SetRequestURI(w.URL)
	request.Header.Set("User-Agent", "bench")
	request.Header.Set("Accept", "application/json")
	if len(w.cookies) > 0 {
		request.Header.Set("Cookie", w.cookies[w.pick(w.random, w.zipf, n, len(w.cookies))])
	}
	if w.Logins > 0 {
		name := w.LoginPrefix + strconv.Itoa(w.pick(w.random, w.zipf, n, w.Logins))
		request.Header.SetMethod(fasthttp.MethodPost)
		request.Header.SetContentType("application/json")
		request.SetBodyString(`{"username":"` + name + `","password":"` + protocol.Password + `"}`)
	}
}

// judge returns what is wrong with a response, or "".
func (w *worker) judge(response *fasthttp.Response, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case response.StatusCode() != fasthttp.StatusOK:
		return strconv.Itoa(response.StatusCode())
	case !bytes.Contains(response.Body(), []byte(w.Want)):
		return "another page"
	}
	return ""
}

// merge returns what all workers did.
func merge(workers []*worker, elapsed time.Duration) (protocol.Result, error) {
	total := protocol.Result{Bad: map[string]int{}, Elapsed: elapsed}
	latency := Histogram()
	for _, w := range workers {
		total.Sent += w.sent
		total.Good += w.good
		for what, n := range w.bad {
			total.Bad[what] += n
		}
		if total.Sample == "" {
			total.Sample = w.sample
		}
		latency.Merge(w.latency)
	}
	var err error
	total.Latency, err = latency.Encode(hdr.V2CompressedEncodingCookieBase)
	return total, err
}

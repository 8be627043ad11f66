package conformance_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// The keys that oracle/oracle.py has in its settings.
const (
	oracleKey    = "the oracle's secret key, which is long and random enough"
	oracleOldKey = "an older key of the oracle, which verifies only"
)

// An oracle is a process of oracle/oracle.py: Django's functions behind a pipe.
type oracle struct {
	t       testing.TB
	version string // "5.2"
	Django  string // "5.2.18"
	Unicode string // of its Python
	in      io.Writer
	out     *bufio.Reader
	stderr  *bytes.Buffer
}

// newOracle starts a Django, which ends with the test.
func newOracle(t testing.TB, version string) *oracle {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Django(t, version), "oracle.py")
	cmd.Dir = "oracle"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	o := &oracle{t: t, version: version, stderr: new(bytes.Buffer)}
	cmd.Stderr = o.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o.in, o.out = in, bufio.NewReaderSize(out, 1<<20)
	t.Cleanup(func() {
		in.Close()
		cmd.Wait() // its status says nothing: the context may have killed it
		if t.Failed() && o.stderr.Len() > 0 {
			t.Logf("the oracle's log:\n%s", o.stderr)
		}
	})
	o.read(o)
	return o
}

func (o *oracle) read(v any) {
	o.t.Helper()
	line, err := o.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, v)
	}
	if err != nil {
		o.t.Fatalf("oracle of Django %s: %v", o.version, err)
	}
}

// ask sends the cases and returns at once. [oracle.answers] must be called before the next
// ask: it waits for what Django says, a result for each case.
func (o *oracle) ask(name string, cases []fields) (answers func() []any) {
	o.t.Helper()
	line, err := json.Marshal(fields{"oracle": name, "cases": cases})
	if err != nil {
		o.t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := o.in.Write(append(line, '\n'))
		sent <- err
	}()
	return func() []any {
		o.t.Helper()
		var all []any
		o.read(&all)
		if err := <-sent; err != nil || len(all) != len(cases) {
			o.t.Fatalf("oracle of Django %s: %d answers to %d cases of %s, %v", o.version, len(all), len(cases), name, err)
		}
		return all
	}
}

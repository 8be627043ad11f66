//go:build !purego

package pbkdf2

import (
	"os"
	"os/exec"
	"testing"
)

// TestFIPSProcess runs TestFIPS and the vectors in a process in FIPS mode.
func TestFIPSProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^(TestFIPS|TestWycheproof|TestErrors)$")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=on")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in FIPS mode: %v\n%s", err, out)
	}
}

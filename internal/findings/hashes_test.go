package findings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/findings"
)

// TestSlowMachine: a machine where the usual work takes long has no finding, since less work would
// be a weaker hash; more work than usual has one, which leads back to the usual.
func TestSlowMachine(t *testing.T) {
	tests := []struct {
		name       string
		hasher     string
		iterations int
		took       time.Duration
		found      bool
	}{
		{"usual work", "pbkdf2_sha256", 1_500_000, 3 * time.Second, false},
		{"less work", "pbkdf2_sha256", 600_000, 3 * time.Second, false},
		{"more work, quick", "pbkdf2_sha256", 2_000_000, time.Second, false},
		{"more work, slow", "pbkdf2_sha256", 2_000_000, 1001 * time.Millisecond, true},
		{"another hasher", "argon2", 1_500_000, 1001 * time.Millisecond, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := findings.Seen{
				Settings: findings.Settings{
					PasswordHasher: tt.hasher, PasswordIterations: tt.iterations, DefaultIterations: 1_500_000,
				},
				Database: &findings.Database{LoginTime: tt.took},
			}
			var remedy string
			for _, f := range findings.Doctor(&seen) {
				if f.ID == "coatcheck.W032" {
					remedy = f.Remedy
				}
			}
			if tt.found != strings.HasPrefix(remedy, "--password-iterations 1500000 ") {
				t.Errorf("the remedy is %q", remedy)
			}
		})
	}
}

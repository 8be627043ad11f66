package measure

import (
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
)

// Metric is what the table says of a metric.
type Metric struct {
	Name, Kind, Help string
	// Labels are the names of its labels, each with all its values.
	Labels []Label
}

// Label is a label and all the values that it can have.
type Label struct {
	Name   string
	Values []string
}

// The kinds.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
)

// Polled reports whether the site keeps the metric itself, so that it is read when somebody asks for it.
func (m *Metric) Polled() bool {
	return strings.HasPrefix(m.Name, "coatcheck_hash") || strings.HasPrefix(m.Name, "coatcheck_sightings")
}

// LabelNames returns the names of its labels.
func (m *Metric) LabelNames() (all []string) {
	for _, l := range m.Labels {
		all = append(all, l.Name)
	}
	return all
}

// Table returns all metrics.
func Table() []Metric { return slices.Clone(table) }

var (
	verdicts   = []string{string(flow.Done), string(flow.LetIn), string(flow.Refused), string(flow.Failed)}
	outcomes   = []string{"done", "waits", "refused", "failed"}
	budgets    = []string{"account", "address", "device"}
	operations = []string{"row", "rows", "changed"}
	ends       = []string{"logout", "list", "rescue", "moved", "other"}
	proofs     = []string{"offered", "made", "challenged", "refreshed", "ended", "refused", "failed"}
	emails     = []string{"queued", "dropped", "sent", "failed"}
	cleaned    = []string{"expired sessions", "idle counts of attempts"}
)

// reasons are all reason codes, and "" for what has none.
func reasons() []string {
	all := []string{"", flow.NotSaid}
	for _, m := range flow.Codes() {
		if !slices.Contains(all, m.Reason) {
			all = append(all, m.Reason)
		}
	}
	return all
}

func label(name string, values []string) []Label { return []Label{{name, values}} }

// The names of the metrics.
const (
	Requests      = "coatcheck_requests_total"
	requestTime   = "coatcheck_request_seconds"
	logins        = "coatcheck_logins_total"
	created       = "coatcheck_sessions_created_total"
	ended         = "coatcheck_sessions_ended_total"
	refusedHere   = "coatcheck_sessions_refused_total"
	throttled     = "coatcheck_throttle_refusals_total"
	statementTime = "coatcheck_database_seconds"
	failures      = "coatcheck_failures_total"
	bindings      = "coatcheck_device_bindings_total"
	emailed       = "coatcheck_emails_total"
	removed       = "coatcheck_cleaner_removed_total"
	hashRunning   = "coatcheck_hashes_running"
	hashWaiting   = "coatcheck_hashes_waiting"
	hashAdmitted  = "coatcheck_hashes_total"
	hashBusy      = "coatcheck_hashes_refused_total"
	hashWaited    = "coatcheck_hash_wait_seconds_total"
	hashWorked    = "coatcheck_hash_work_seconds_total"
	sightWaiting  = "coatcheck_sightings_waiting"
	sightKept     = "coatcheck_sightings_kept_total"
	sightDropped  = "coatcheck_sightings_dropped_total"
)

// table is the one table of metrics.
var table = []Metric{
	{Requests, Counter, "Requests by what became of them.", []Label{{"verdict", verdicts}, {"reason", reasons()}}},
	{requestTime, Histogram, "How long requests took.", label("verdict", verdicts)},
	{logins, Counter, "Logins by outcome, and the reason of those that failed.", []Label{{"outcome", outcomes}, {"reason", reasons()}}},
	{created, Counter, "Sessions created.", nil},
	{ended, Counter, "Sessions ended, and why: a logout, the list of sessions, a rescue by its notice, another key, or something else.", label("why", ends)},
	{refusedHere, Counter, "Requests whose session signs nobody in, by the reason.", label("reason", reasons())},
	{throttled, Counter, "Attempts refused with 429, by the budget that was used up.", label("budget", budgets)},
	{statementTime, Histogram, "How long statements of requests took.", label("operation", operations)},
	{failures, Counter, "Steps that failed, such as those of a store, by the reason.", label("reason", reasons())},
	{bindings, Counter, "Sessions bound to devices: bindings offered, made, challenged, refreshed, ended, refused, and failures.", label("outcome", proofs)},
	{emailed, Counter, "Emails queued, dropped since too many waited, sent, and tries that failed.", label("outcome", emails)},
	{removed, Counter, "Rows that housekeeping removed.", label("what", cleaned)},
	{hashRunning, Gauge, "Passwords being hashed.", nil},
	{hashWaiting, Gauge, "Passwords that wait to be hashed.", nil},
	{hashAdmitted, Counter, "Passwords hashed, or about to be.", nil},
	{hashBusy, Counter, "Passwords not hashed, since too many waited.", nil},
	{hashWaited, Counter, "Time that passwords waited to be hashed, in sum.", nil},
	{hashWorked, Counter, "Time that passwords were hashed, in sum.", nil},
	{sightWaiting, Gauge, "Sightings of sessions that wait for the index.", nil},
	{sightKept, Counter, "Sightings of sessions kept for the index.", nil},
	{sightDropped, Counter, "Sightings of sessions dropped.", nil},
}

package measure

import "github.com/coatcheck/coatcheck"

// Read returns the values of the metrics that the site keeps itself.
func Read(site *coatcheck.Site) map[string]float64 {
	load := site.Auth.Passwords().Load()
	waiting, kept, dropped := 0, uint64(0), uint64(0)
	if site.Accounts != nil {
		waiting, kept, dropped = site.Accounts.Sightings()
	}
	return map[string]float64{
		hashRunning: float64(load.Running), hashWaiting: float64(load.Waiting),
		hashAdmitted: float64(load.Admitted), hashBusy: float64(load.Busy),
		hashWaited: load.Waited.Seconds(), hashWorked: load.Worked.Seconds(),
		sightWaiting: float64(waiting), sightKept: float64(kept), sightDropped: float64(dropped),
	}
}

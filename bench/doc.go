// Command bench measures what requests cost beside yardsticks: CPU time of the server and of
// its database, allocations, and how long responses take.
//
// Each server is a process of its own, so is the client, and so are the databases. The rounds
// of all servers of a group alternate, and a ratio compares two servers in the same round, so
// that what else the machine does falls on both. CPU time is read from /proc.
//
//	make bench               # from the top: starts the databases, 100,000 users and sessions
//	make bench QUICK=1       # under two minutes
//	go run . -h              # the flags; databases come from COATCHECK_TEST_POSTGRES and so on
//
// groups in cases.go is the table of what is measured, and targets in targets.go the one of what
// it is to cost.
package main

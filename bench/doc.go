// Command bench measures what a request costs the server: CPU time and
// allocations, as a ratio to a yardstick in the same run.
//
// It runs the server as a child process and sends it requests over loopback,
// one connection at a time, in rounds that take the handlers in turn. What is
// counted is the child's own CPU time (user and system) and allocations, so the
// client does not count, nor does a database server.
//
// Yardsticks: for /public/ a bare net/http handler with the same response; for a
// login-required page a handler that does Django's checks in plain code with
// two dependent SELECTs.
//
//	go run . -database sqlite:bench.db
//	go run . -database postgres://…
package main

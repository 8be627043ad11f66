// Package memory keeps decoded sessions and their users in this process, and forgets what changes
// because the stores tell it of each change as it happens. It is on floor 2, the session engine.
//
// A session in memory costs neither a query nor decoding. What it promises is a bound: whatever
// another program changed or ended is not believed any more once the bound is over, a second with
// PostgreSQL and Redis and 50 ms with SQLite, and mostly within milliseconds. What this process
// changed is never believed afterwards. Where the stores were not
// heard for the bound, nothing in memory counts, and each request asks them, as it does without a
// memory.
package memory

// Package throttle limits how often something may be tried, exactly, however many try at
// once. It is on floor 0, the pure tools.
//
// A [Limit] is a budget: so many attempts at once, and then one each so often. A
// [Store] keeps for each name how much of its budget is used, as a single time by
// the algorithm GCRA: the time at which the whole budget is there again. Where
// that time has passed, the name is as good as one that was never heard of, so
// that stores may forget it.
//
// [Memory] is a store of one process; the database has one that all nodes share
// (database.DB.Throttle), and package throttle/redis another.
package throttle

// Package session is windows that last as long as rows keep coming: SESSION as a
// windowing table function, whose rows are given out once their session is over,
// and fused with the GROUP BY on top of it.
//
// A row at t opens the session [t, t+gap) of its key; sessions that overlap, or
// just touch, are one. So a row may extend a session either way, or join several. A
// session is over when event time, or the clock, has reached its last millisecond.
//
// A row is late, and dropped and counted, when the session it would be in, with
// all that it joins, is over already: an old row that still touches an open session
// is not.
package session

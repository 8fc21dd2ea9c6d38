// Package match finds row patterns: MATCH_RECOGNIZE.
//
// # Order
//
// Rows wait until event time has passed them and are then taken in order of time
// (of ties, then arrival), partition by partition. With processing time they are
// taken as they come.
//
// # Search
//
// A pattern is compiled to steps and, for each, what may follow in order of
// preference. A match holds consecutive rows, so a way through the pattern is one
// step a row, and from one start row the search is depth first: at each row the
// best step whose condition holds is taken, and the others that hold are kept as
// choices to come back to. The first way that reaches the end is the match, which
// is what the SQL standard asks for. At the last row there is the search stops and
// goes on from there when more rows come (invariant SUSPENDED: a partition's
// search is a function of the rows it keeps, so that it need not be stored).
//
// Conditions that look at a row and its neighbours are evaluated over whole
// batches, to a bit a variable. Only those that look at rows mapped before, and at
// aggregates of them, are evaluated row by row, by programs that allocate nothing
// for the usual operators. Where no condition looks back, a step that failed at a
// row once fails always, so that no pair of both is tried twice.
//
// # What is kept
//
// A partition keeps the rows from its start row on, and before it as many as PREV
// looks back. WITHIN bounds them: a start row is given up when event time has passed
// it by the interval. Partitions in use live in memory, their rows in columns; at each
// flush rows not stored yet are written to the state and those dropped are removed, both
// in batches. Past their share of the memory budget those not in use are parked
// (invariant PARKED): all is in the state but a timer for the event that they wait for,
// or a row of theirs brings them back, and their search goes on from their rows. A
// restored partition is parked until it is needed.
package match

// Package nexmark is the source of the Nexmark benchmark: persons, auctions and
// bids of an online auction, generated and reproducible to the byte.
//
// # Randomness
//
// Three instances of one generator (a 64-bit counter that grows by a constant
// and is mixed for each draw, see random.go) feed everything:
//
//   - the pool: one string of 1 MiB, of which every `extra` column is a piece;
//   - the channels: 4 hot URLs and a table of 10,000 channels with their URLs;
//   - the events: all other draws, one continuous run from event to event.
//
// Each has a seed (options seed.pool, seed.channels, seed.events). Pool and
// channels are the same for all splits; split i draws its events from
// seed.events + i. A reader's position holds the events' counter, so a job that
// is restored goes on with the very bytes it would have made.
//
// # Events
//
// Event number n of a split has id e = firstEventID + n (n is permuted within
// groups when OutOfOrderGroupSize > 1). e modulo the sum of the proportions
// decides the kind: persons first, then auctions, then bids; so 1 person, 3
// auctions and 46 bids make one epoch of 50. Event time grows evenly with n.
// Counting starts at e = 2: person 1000 and auction 1000 never exist, although
// hot choices refer to them in the first batch of 100. References may point up
// to 10 ids ahead of what exists. Bidder ids start at 2000, person ids at 1000:
// a known slip of the benchmark that every implementation keeps.
//
// # Pruning
//
// The generator writes columns, and only the wanted ones. The random counter
// moves exactly as if all were made: a skipped draw costs an addition and, where
// a draw may be rejected and repeated, the check for that.
//
// # Splits
//
// n splits divide events.num (and stop-at) evenly, the last takes the rest. All
// run over the same span of event time with disjoint ids. With fewer events than
// splits the first splits are empty.
package nexmark

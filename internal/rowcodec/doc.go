// Package rowcodec turns columns into bytes and back: keys for hash tables and
// exchanges, order-preserving keys for sorted state, and whole rows. It knows
// Arrow and nothing of streams.
//
// Every encoding here is written to disk, so formats are stable: a change is a
// new format with a new name.
//
// # Key format
//
// A key is injective over its columns: equal bytes if and only if equal values,
// where NULL equals only NULL, -0.0 equals 0.0, all NaNs are equal, and maps are
// equal when they hold the same entries in any order.
//
//	all columns of fixed width, none NULL:  fixed            (padded to 8 bytes)
//	all columns of fixed width, one NULL:   nulls fixed      (longer than the above)
//	otherwise:                              nulls fixed variable
//
// nulls is a bitmap, one bit a column, set for NULL; fixed holds the columns of
// fixed width in order, little endian, zero when NULL; variable holds the other
// columns in order, left out when NULL, each a uvarint length and its bytes, the
// last column of them without the length.
//
// # Row format
//
// A row is `nulls fixed variable` too, with every length present and values kept
// bit by bit, so that decoding gives back what was encoded.
//
// # Ownership
//
// Encoders and decoders keep scratch memory: one goroutine uses one at a time.
// Input arrays are borrowed for the call. Results live in the destination that
// the caller passed and are valid until the caller reuses it.
package rowcodec

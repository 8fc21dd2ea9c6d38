// Package join is the unbounded equi-join of two changing tables: INNER, LEFT, RIGHT
// and FULL OUTER, SEMI, ANTI and MARK, with an optional further condition. MARK gives
// each left row once, with a column that tells whether it has a partner.
//
// Each side keeps its rows by join key: equal rows counted, or one after another if
// the input is insert-only, so that nothing need be looked up to add one. A batch of
// one side is encoded once and looked up in the other side's state; all candidate
// pairs are gathered into columns, the condition is evaluated over them, and the pairs
// that pass are walked in order.
//
// Rows of a preserved side (both sides of FULL, the left of LEFT, SEMI, ANTI and MARK, …)
// carry their degree, the number of partners they have (invariant Degree): at 0 the
// row stands alone, padded with NULLs. Other rows have none.
//
// NULL equals nothing, so rows with a NULL in the key have no partners and are not
// kept; but in key columns that say so NULL equals NULL.
package join

// Package logical is the relational form of a query between binding and the
// physical plan: immutable nodes over typed expressions, with properties derived
// as the nodes are made.
//
// Invariants:
//
//   - IMMUTABLE: a node never changes after its constructor returned, so that a
//     node may feed several others and rules compare nodes by identity.
//   - PROPS: a node's [Props] follow from its own fields and its inputs' Props;
//     nothing is declared twice. A rule that keeps a node's schema and changes
//     keeps the query.
//   - COLUMNS: every expression's Input indexes count the columns of its node's
//     inputs, left to right.
package logical

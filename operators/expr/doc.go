// Package expr evaluates scalar SQL expressions over batches of columns with
// Flink's null and type semantics.
//
// A [Registry] holds the functions. Each is one entry: names, type rule, kernel,
// text and examples that a test runs. The planner asks a Registry for signatures
// and folds constants with it; operators [Compile] expressions into programs and
// run these over batches.
//
// # Evaluation
//
// Compile turns an expression into a graph of nodes in which equal
// sub-expressions are one node (volatile ones excepted). A batch is evaluated
// node by node over whole columns. Constants stay constants: a [Vector] with
// Const set holds one row that stands for all.
//
// What may fail, or costs much per row, is evaluated lazily, as SQL promises:
// branches of CASE (and IF, COALESCE, NULLIF) and the right side of AND and OR
// run only over the rows that need them.
//
// # Values under NULL
//
// A slot that is NULL holds an arbitrary value. Kernels may compute on it but may
// neither fail because of it nor let it show.
package expr

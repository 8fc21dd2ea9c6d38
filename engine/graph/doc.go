// Package graph cuts a physical plan into stages, tasks and edges. It is pure: the
// same plan and parallelism give the same graph.
//
// A stage is a tree of nodes that run in one task, calling each other directly;
// its first node is the only one with inputs from outside. A node starts a stage
// of its own when it has no input or several, or when its rows must change tasks.
//
// Invariants:
//
//   - CHAIN: every node but a stage's first has exactly one input, and that is a
//     node of the same stage.
//   - FORWARD: a Forward edge joins tasks of equal index, and no sending task is
//     without a receiver; receivers of a greater index get nothing over it.
package graph

// Package coordinator is a job's life cycle and its checkpoints as a pure state
// machine: messages and ticks go in, effects come out. It touches no clock,
// goroutine or file; the loop around it (engine/job) performs the effects and
// feeds back what came of them.
//
// Invariants:
//
//   - ONE-EPOCH: at most one epoch is in flight; epochs only grow, over restarts too.
//   - PUBLISH-THEN-COMMIT: an epoch's committables are committed only after its
//     manifest was published, and before the next epoch is triggered.
//   - FINAL-LAST: a Final barrier is injected only when every source task has sent
//     the end of time; after it a job can only finish or fail.
//   - ONE-ATTEMPT: tasks of an attempt are gone before the next is deployed.
package coordinator

package rowcodec

// DefaultGroups is the default number of key groups of a job. It bounds the
// parallelism and never changes over a job's life.
const DefaultGroups = 128

// KeyGroup is the group, in [0, groups), of a key with the given hash. It uses
// the upper half of the hash; hash tables use the lower half, so that the keys of
// one task still spread over its tables.
func KeyGroup(hash uint64, groups int) int {
	return int((hash >> 32) * uint64(groups) >> 32)
}

// TaskOfKeyGroup is the task, in [0, tasks), that owns a key group.
func TaskOfKeyGroup(group, groups, tasks int) int { return group * tasks / groups }

// GroupRange is the range [first, end) of key groups that a task owns. The
// ranges of all tasks are contiguous, disjoint, and cover all groups; they differ
// in size by one at most, and are empty for some tasks when tasks > groups.
func GroupRange(task, groups, tasks int) (first, end int) {
	return (task*groups + tasks - 1) / tasks, ((task+1)*groups + tasks - 1) / tasks
}

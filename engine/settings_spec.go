package engine

import "github.com/thalweg/thalweg/connectors/connector"

// SettingsSpec describes the SET options that have an effect, for the
// documentation. Where Flink has an option of that meaning, its name is Flink's.
func SettingsSpec() connector.Spec { return settingsSpec() }

// settingsSpec describes the SET options that have an effect.
func settingsSpec() connector.Spec {
	return connector.Spec{Name: "session", Options: append(restartOptions(), []connector.OptionSpec{
		{Name: "parallelism.default", Type: connector.TypeInt, Doc: "Number of tasks of a stage.", Example: "4"},
		{Name: "table.exec.resource.default-parallelism", Type: connector.TypeInt, Doc: "Goes before parallelism.default; -1 does not.", Example: "4"},
		{Name: "pipeline.max-parallelism", Type: connector.TypeInt, Doc: "Number of key groups of a new job; bounds its parallelism for ever.", Example: "128"},
		{Name: "pipeline.name", Type: connector.TypeString, Doc: "Name of the jobs started next.", Example: "hourly counts"},
		{Name: "execution.runtime-mode", Type: connector.TypeEnum, Values: []string{"streaming", "batch", "automatic"},
			Doc: "Accepted for scripts written for Flink; every mode gives the same final result.", Example: "streaming"},
		{Name: "execution.batch-rows", Type: connector.TypeInt, Doc: "The most rows of a batch.", Example: "4096"},
		{Name: "execution.commit-delay", Type: connector.TypeDuration, Default: "5 ms",
			Doc: "How long rows of an endless job may wait in a stream that is written exactly once, or in a SELECT, before a checkpoint is begun that makes them visible. " +
				"A pause of four times what the last one took is kept; 0 leaves visibility to execution.checkpointing.interval.", Example: "50 ms"},
		{Name: "execution.latency", Type: connector.TypeDuration, Doc: "How long an operator may hold rows back to make larger batches.", Example: "5 ms"},
		{Name: "execution.memory-budget", Type: connector.TypeMemorySize, Doc: "The most memory that a job's state takes; the rest lies on disk.", Example: "512 mb"},
		{Name: "execution.checkpointing.interval", Type: connector.TypeDuration, Doc: "Time between checkpoints; 0 takes none but the last.", Example: "10 s"},
		{Name: "execution.checkpointing.min-pause", Type: connector.TypeDuration, Doc: "Least time between the end of a checkpoint and the start of the next.", Example: "1 s"},
		{Name: "execution.checkpointing.timeout", Type: connector.TypeDuration, Doc: "A checkpoint that takes longer is abandoned.", Example: "10 min"},
		{Name: "execution.checkpointing.mode", Type: connector.TypeEnum, Values: []string{"EXACTLY_ONCE", "AT_LEAST_ONCE"},
			Doc: "Accepted for scripts written for Flink; checkpoints are always exact.", Example: "EXACTLY_ONCE"},
		{Name: "execution.state-recovery.path", Type: connector.TypeString, Doc: "The savepoint that the jobs started next go on from.", Example: "savepoints/0190-7"},
		{Name: "execution.state-recovery.ignore-unclaimed-state", Type: connector.TypeBool, Doc: "Whether state in the savepoint that the job has no use for is dropped instead of being an error.", Example: "true"},
		{Name: "table.local-time-zone", Type: connector.TypeString, Doc: "The session's time zone: an IANA name, UTC, or an offset.", Example: "Europe/Zurich"},
		{Name: "table.dml-sync", Type: connector.TypeBool, Doc: "Whether a script waits for each INSERT's job to end.", Example: "true"},
		{Name: "table.exec.state.ttl", Type: connector.TypeDuration, Doc: "State that was not written for so long by the clock is dropped; 0 keeps it.", Example: "1 d"},
		{Name: "table.exec.async-lookup.buffer-capacity", Type: connector.TypeInt, Doc: "How many questions of a lookup join may be under way, unless its hint LOOKUP says.", Example: "100"},
		{Name: "table.exec.async-lookup.timeout", Type: connector.TypeDuration, Doc: "How long a lookup join waits for an answer.", Example: "3 min"},
		{Name: "table.exec.async-lookup.output-mode", Type: connector.TypeEnum, Values: []string{"ORDERED", "ALLOW_UNORDERED"},
			Doc: "Whether answers of lookup joins may overtake each other between watermarks.", Example: "ORDERED"},
		{Name: "table.exec.async-ml-predict.max-concurrent-operations", Type: connector.TypeInt, Doc: "How many requests of ML_PREDICT one task may have under way, unless its CONFIG says.", Example: "10"},
		{Name: "table.exec.async-ml-predict.timeout", Type: connector.TypeDuration, Doc: "How long ML_PREDICT waits for an answer, with all repetitions of the request.", Example: "3 min"},
		{Name: "table.exec.async-ml-predict.output-mode", Type: connector.TypeEnum, Values: []string{"ORDERED", "ALLOW_UNORDERED"},
			Doc: "Whether answers of ML_PREDICT may overtake each other between watermarks.", Example: "ORDERED"},
		{Name: "table.exec.source.idle-timeout", Type: connector.TypeDuration, Doc: "A source split without rows for so long does not hold back event time; 0 never.", Example: "30 s"},
		{Name: "table.exec.emit.early-fire.enabled", Type: connector.TypeBool, Doc: "Whether windows are emitted, as updates, before they are due.", Example: "true"},
		{Name: "table.exec.emit.early-fire.delay", Type: connector.TypeDuration, Doc: "How long after a change a window is emitted early; 0 after each batch.", Example: "5 s"},
		{Name: "table.exec.emit.late-fire.enabled", Type: connector.TypeBool, Doc: "Whether late rows change windows that were due, within allow-lateness.", Example: "true"},
		{Name: "table.exec.emit.late-fire.delay", Type: connector.TypeDuration, Doc: "How long after a late row its window is emitted again; 0 after each batch.", Example: "1 s"},
		{Name: "table.exec.emit.allow-lateness", Type: connector.TypeDuration, Doc: "How long in event time after a window was due rows of it still count.", Example: "1 min"},
		{Name: "table.exec.late-rows.table", Type: connector.TypeString, Doc: "Table that rows coming after their windows are sent to, by column name; without it they are only counted.", Example: "late"},
		{Name: "table.exec.mini-batch.enabled", Type: connector.TypeBool, Doc: "Whether operators gather rows for allow-latency instead of execution.latency.", Example: "true"},
		{Name: "table.exec.mini-batch.allow-latency", Type: connector.TypeDuration, Doc: "How long mini-batches gather rows.", Example: "5 s"},
		{Name: "table.exec.mini-batch.size", Type: connector.TypeBigInt, Doc: "Accepted for scripts written for Flink; execution.batch-rows bounds batches.", Example: "5000"},
		{Name: "table.exec.sink.not-null-enforcer", Type: connector.TypeEnum, Values: []string{"ERROR", "DROP"},
			Doc: "Whether a row with NULL in a NOT NULL column of a sink fails the job, which is the default, or is dropped.", Example: "DROP"},
		{Name: "table.optimizer.distinct-agg.split.bucket-num", Type: connector.TypeInt, Default: "1024",
			Doc: "Into how many parts DISTINCT aggregates are split.", Example: "1024"},
		{Name: "table.optimizer.distinct-agg.split.enabled", Type: connector.TypeBool, Default: "false",
			Doc: "Aggregate DISTINCT values in two steps, by a part of the values first, so that one group with many of them keeps all tasks busy. " +
				"It applies to unbounded aggregations with COUNT, SUM, MIN and MAX only.", Example: "true"},
		{Name: "table.optimizer.agg-phase-strategy", Type: connector.TypeEnum, Values: []string{"AUTO", "ONE_PHASE", "TWO_PHASE"},
			Doc: "Whether aggregates are computed in part before rows are sent to the tasks of their keys; AUTO does so from two tasks on.", Example: "ONE_PHASE"},
		{Name: "table.optimizer.multi-join.enabled", Type: connector.TypeBool, Default: "true",
			Doc: "Whether three tables or more that are joined by one key, `INNER` or `LEFT`, are joined by one operator, which keeps their rows but not those of the joins in between.", Example: "false"},
		{Name: "table.dynamic-table-options.enabled", Type: connector.TypeBool, Doc: "Whether the hint OPTIONS is allowed, as it is by default.", Example: "false"},
		{Name: "table.sql-dialect", Type: connector.TypeEnum, Values: []string{"default"}, Doc: "Accepted for scripts written for Flink; there is one dialect.", Example: "default"},
		{Name: "sql-client.execution.result-mode", Type: connector.TypeEnum, Values: []string{"table", "tableau", "changelog"},
			Doc: "Whether thalweg run prints the changes of a result, as --changelog does.", Example: "changelog"},
	}...)}
}

// oldNames are names that options had in older versions of Flink.
var oldNames = map[string]string{
	"execution.savepoint.path":                   "execution.state-recovery.path",
	"execution.savepoint.ignore-unclaimed-state": "execution.state-recovery.ignore-unclaimed-state",
	"restart-strategy":                           "restart-strategy.type",
}

package engine

import "strings"

// FlinkOption is an option of Flink that has no effect here, with the reason.
type FlinkOption struct {
	// Name is the option's, or with a '.' at its end what those of its family begin with.
	Name string
	Why  string
}

// FlinkOptions lists the options of Flink that are accepted without effect, for the
// documentation.
func FlinkOptions() []FlinkOption { return flinkOptions }

// Reasons why an option has no effect.
const (
	whyJVM       = "there is no JVM"
	whyCluster   = "there is one process, and no cluster"
	whyBarriers  = "checkpoints are aligned, one at a time, and incremental"
	whyStateOnly = "there is one state backend, which keeps hot state in memory and the rest on disk"
	whyBatch     = "it steers Flink's batch operators"
	whyPlanner   = "the planner decides by itself"
	whyDisplay   = "results are printed as wide as they are"
	whyServer    = "it is an option of the server: thalweg serve --help"
	whyFixed     = "it can't be changed"
	whyFiles     = "file systems take their options from the table"
	whyMetrics   = "metrics are on the REST API"
	whyChain     = "operators are chained wherever rows stay on their task"
	whyFusion    = "there is no code generation"
	whyAsync     = "calls are not asynchronous"
)

// flinkOptions are the options of Flink without effect; families come last.
var flinkOptions = []FlinkOption{
	{"execution.attached", whyCluster}, {"execution.target", whyCluster}, {"execution.shutdown-on-attached-exit", whyCluster},
	{"execution.buffer-timeout", "see execution.latency"}, {"execution.buffer-timeout.enabled", "see execution.latency"},
	{"execution.buffer-timeout.interval", "see execution.latency"},
	{"execution.checkpointing.unaligned", whyBarriers}, {"execution.checkpointing.unaligned.enabled", whyBarriers},
	{"execution.checkpointing.unaligned.forced", whyBarriers}, {"execution.checkpointing.unaligned.interruptible-timers.enabled", whyBarriers},
	{"execution.checkpointing.unaligned.max-subtasks-per-channel-state-file", whyBarriers},
	{"execution.checkpointing.alignment-timeout", whyBarriers}, {"execution.checkpointing.aligned-checkpoint-timeout", whyBarriers},
	{"execution.checkpointing.max-concurrent-checkpoints", whyBarriers}, {"execution.checkpointing.incremental", whyBarriers},
	{"execution.checkpointing.local-backup.enabled", whyBarriers}, {"execution.checkpointing.local-backup.dirs", whyBarriers},
	{"execution.checkpointing.checkpoints-after-tasks-finish", whyBarriers}, {"execution.checkpointing.checkpoints-after-tasks-finish.enabled", whyBarriers},
	{"execution.checkpointing.interval-during-backlog", whyBarriers}, {"execution.checkpointing.force-unaligned", whyBarriers},
	{"execution.checkpointing.data-inline-threshold", whyBarriers}, {"execution.checkpointing.write-buffer-size", whyBarriers},
	{"execution.checkpointing.cleaner.parallel-mode", whyBarriers}, {"execution.checkpointing.create-subdir", whyBarriers},
	{"execution.checkpointing.externalized-checkpoint-retention", "a job that was stopped keeps its last checkpoints"},
	{"execution.checkpointing.tolerable-failed-checkpoints", "a checkpoint that fails never fails its job"},
	{"execution.checkpointing.num-retained", whyServer}, {"execution.checkpointing.dir", whyServer},
	{"execution.checkpointing.savepoint-dir", whyServer}, {"execution.checkpointing.storage", whyServer},
	{"execution.savepoint-restore-mode", "a savepoint is never changed"}, {"execution.state-recovery.claim-mode", "a savepoint is never changed"},
	{"execution.state-recovery.without-channel-state.enabled", "no records in flight are part of a checkpoint"},
	{"execution.allow-client-job-configurations", whyCluster}, {"execution.program-config.enabled", whyCluster},
	{"execution.job-listeners", whyJVM}, {"execution.batch-shuffle-mode", whyBatch}, {"execution.sorted-inputs.enabled", whyBatch},
	{"execution.sorted-inputs.memory", whyBatch}, {"execution.shuffle-mode", whyBatch}, {"execution.type", "see execution.runtime-mode"},
	{"parallelism.max", "see pipeline.max-parallelism"},
	{"pipeline.auto-watermark-interval", "watermarks are passed on with each batch"}, {"pipeline.auto-generate-uids", "operators are named by what their state depends on"},
	{"pipeline.object-reuse", "rows are in columns, which are shared"}, {"pipeline.operator-chaining", whyChain}, {"pipeline.operator-chaining.enabled", whyChain},
	{"pipeline.operator-chaining.chain-operators-with-different-max-parallelism", whyChain},
	{"pipeline.jars", whyJVM}, {"pipeline.classpaths", whyJVM}, {"pipeline.cached-files", whyCluster}, {"pipeline.global-job-parameters", "use variables: thalweg run -D NAME=VALUE"},
	{"pipeline.closure-cleaner-level", whyJVM}, {"pipeline.force-avro", whyJVM}, {"pipeline.force-kryo", whyJVM}, {"pipeline.generic-types", whyJVM},
	{"pipeline.registered-kryo-types", whyJVM}, {"pipeline.registered-pojo-types", whyJVM}, {"pipeline.default-kryo-serializers", whyJVM},
	{"pipeline.serialization-config", whyJVM}, {"pipeline.jobvertex-parallelism-overrides", "all stages have the job's parallelism"},
	{"pipeline.vertex-description-mode", whyDisplay}, {"pipeline.vertex-name-include-index-prefix", whyDisplay},
	{"pipeline.watermark-alignment.allow-unaligned-source-splits", "see scan.watermark.alignment options of the table"},
	{"sql-client.display.max-column-width", whyDisplay}, {"sql-client.display.print-time-cost", whyDisplay}, {"sql-client.display.color-schema", whyDisplay},
	{"sql-client.display.show-line-numbers", whyDisplay}, {"sql-client.prompt", whyDisplay}, {"sql-client.verbose", whyDisplay},
	{"sql-client.execution.max-table-result.rows", "results are not cut"}, {"sql-client.execution.mode", "see execution.runtime-mode"},
	{"table.planner", "there is one planner"}, {"table.builtin-catalog-name", whyFixed}, {"table.builtin-database-name", whyFixed},
	{"table.catalog-store.kind", "tables are kept in the data directory"}, {"table.catalog-modification.listeners", whyJVM},
	{"table.column-expansion-strategy", "SELECT * gives all columns"}, {"table.display.max-column-width", whyDisplay},
	{"table.generated-code.max-length", whyFusion}, {"table.legacy-nested-row-nullability", whyFixed}, {"table.resources.download-dir", whyJVM},
	{"table.rtas-ctas.atomicity-enabled", whyFixed}, {"table.plan.compile.catalog-objects", whyFixed}, {"table.plan.restore.catalog-objects", whyFixed},
	{"table.plan.force-recompile", whyFixed}, {"table.plan.latest.force-recompile", whyFixed},
	{"table.exec.async-state.enabled", whyStateOnly}, {"table.exec.deduplicate.insert-update-after-sensitive-enabled", whyPlanner},
	{"table.exec.deduplicate.mini-batch.compact-changes-enabled", "changes of a batch are always compacted"},
	{"table.exec.disabled-operators", whyBatch}, {"table.exec.interval-join.min-cleanup-interval", "rows are dropped as soon as nothing can match them"},
	{"table.exec.legacy-cast-behaviour", "CAST fails and TRY_CAST gives NULL"}, {"table.exec.legacy-transformation-uids", whyFixed},
	{"table.exec.uid.generation", whyFixed}, {"table.exec.uid.format", whyFixed}, {"table.exec.unbounded-over.version", whyFixed},
	{"table.exec.operator-fusion-codegen.enabled", whyFusion}, {"table.exec.rank.topn-cache-size", "state is cached by execution.memory-budget"},
	{"table.exec.rank.topn-cache-size-max", "state is cached by execution.memory-budget"}, {"table.exec.simplify-operator-name-enabled", whyDisplay},
	{"table.exec.shuffle-mode", whyBatch}, {"table.exec.sink.keyed-shuffle", whyPlanner}, {"table.exec.sink.upsert-materialize", whyPlanner},
	{"table.exec.sink.rowtime-inserter", "time attributes are plain columns in a sink"},
	{"table.exec.sink.type-length-enforcer", "CHAR and VARCHAR don't cut what is written, as with Flink's IGNORE"},
	{"table.exec.sink.nested-constraint-enforcer", "NOT NULL of nested fields is not checked"},
	{"table.exec.source.cdc-events-duplicate", "changes are read as they come"}, {"table.exec.state.backend", whyStateOnly},
	{"table.exec.window-agg.buffer-size-limit", whyBatch}, {"table.exec.adaptive-local-hash-agg.enabled", whyBatch},
	{"table.optimizer.adaptive-broadcast-join.strategy", whyBatch}, {"table.optimizer.bushy-join-reorder-threshold", whyPlanner},
	{"table.optimizer.cnf-nodes-limit", whyPlanner}, {"table.optimizer.delta-join.strategy", whyPlanner},
	{"table.optimizer.dynamic-filtering.enabled", whyBatch}, {"table.optimizer.ignore-query-hints", whyFixed}, {"table.optimizer.incremental-agg-enabled", whyPlanner},
	{"table.optimizer.join-reorder-enabled", "joins are in the order of the query"}, {"table.optimizer.join.broadcast-threshold", whyBatch},
	{"table.optimizer.join.null-filter-threshold", whyPlanner}, {"table.optimizer.multiple-input-enabled", whyBatch},
	{"table.optimizer.non-deterministic-update.strategy", whyPlanner}, {"table.optimizer.nondeterministic-update.strategy", whyPlanner},
	{"table.optimizer.reuse-optimize-block-with-digest-enabled", whyPlanner}, {"table.optimizer.reuse-source-enabled", whyPlanner},
	{"table.optimizer.reuse-sink-enabled", whyPlanner}, {"table.optimizer.reuse-sub-plan-enabled", whyPlanner},
	{"table.optimizer.source.aggregate-pushdown-enabled", whyPlanner}, {"table.optimizer.source.predicate-pushdown-enabled", whyPlanner},
	{"table.optimizer.source.report-statistics-enabled", whyPlanner}, {"table.optimizer.sql2rel.project-merge.enabled", whyPlanner},
	{"table.optimizer.union-all-as-breakpoint-enabled", whyPlanner},
	{"table.exec.async-scalar.", whyAsync}, {"table.exec.async-table.", whyAsync}, {"table.exec.async-vector-search.", whyAsync},
	{"table.exec.delta-join.", whyPlanner}, {"table.exec.hive.", "there is no Hive"}, {"table.exec.local-hash-agg.", whyBatch}, {"table.exec.sort.", whyBatch},
	{"table.exec.spill-compression.", whyBatch}, {"table.optimizer.runtime-filter.", whyBatch}, {"table.optimizer.skewed-join-optimization.", whyBatch},
	{"execution.batch.", whyBatch}, {"execution.checkpointing.file-merging.", whyBarriers}, {"pipeline.kryo-serializers.", whyJVM},
	{"materialized-table.", whyCluster}, {"sql-gateway.", whyCluster}, {"security.", whyCluster}, {"state.", whyStateOnly},
	{"akka.", whyCluster}, {"pekko.", whyCluster}, {"blob.", whyCluster}, {"classloader.", whyJVM}, {"client.", whyCluster}, {"cluster.", whyCluster}, {"containerized.", whyCluster},
	{"env.", whyJVM}, {"external-resources.", whyCluster}, {"fs.", whyFiles}, {"s3.", whyFiles}, {"hadoop.", whyJVM}, {"heartbeat.", whyCluster},
	{"high-availability", whyCluster}, {"high-availability.", whyCluster}, {"historyserver.", whyCluster}, {"io.", whyCluster}, {"jobmanager.", whyCluster}, {"jobstore.", whyCluster},
	{"kubernetes.", whyCluster}, {"metrics.", whyMetrics}, {"python.", "there is no Python"}, {"queryable-state.", whyStateOnly},
	{"resourcemanager.", whyCluster}, {"rest.", whyCluster}, {"slot.", whyCluster}, {"slotmanager.", whyCluster}, {"taskmanager.", whyCluster}, {"task.", whyCluster}, {"traces.", whyMetrics},
	{"web.", whyCluster}, {"yarn.", whyCluster}, {"zookeeper.", whyCluster}, {"$internal.", whyCluster},
}

// noEffect says why an option of Flink has no effect; empty when it is not one.
func noEffect(key string) string {
	for _, o := range flinkOptions {
		family := strings.HasSuffix(o.Name, ".")
		if key == o.Name || family && strings.HasPrefix(key, o.Name) {
			return o.Why
		}
	}
	return ""
}

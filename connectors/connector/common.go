package connector

// CommonOptions are options of every table that is read, whatever its connector: the
// engine obeys them.
func CommonOptions() []OptionSpec {
	return []OptionSpec{
		{Name: "scan.watermark.idle-timeout", Type: TypeDuration, Example: "30 s",
			Doc: "A split without rows for so long does not hold back event time. Without it, `table.exec.source.idle-timeout` says so."},
		{Name: "scan.watermark.alignment.group", Type: TypeString, Example: "clicks",
			Doc: "Sources of a job with one group go on in step: a split whose event time is too far ahead of the group's slowest waits. Without rows yet, idle or at its end, a split is waited for by none."},
		{Name: "scan.watermark.alignment.max-drift", Type: TypeDuration, Example: "30 s", Doc: "How far ahead a split of the group may be, but for the batch being read."},
		{Name: "scan.watermark.alignment.update-interval", Type: TypeDuration, Example: "1 s", Doc: "Accepted for scripts written for Flink: splits look at each other with each batch."},
		{Name: "scan.watermark.emit.strategy", Type: TypeEnum, Values: []string{"on-periodic", "on-event"}, Example: "on-event",
			Doc: "Accepted for scripts written for Flink: watermarks follow each batch."},
		{Name: "scan.watermark.emit.on-event.gap", Type: TypeInt, Example: "1", Doc: "Accepted for scripts written for Flink."},
		{Name: "scan.parallelism", Type: TypeInt, Example: "4", Doc: "Accepted for scripts written for Flink: a job has one parallelism."},
		{Name: "sink.parallelism", Type: TypeInt, Example: "4", Doc: "Accepted for scripts written for Flink: a job has one parallelism."},
	}
}

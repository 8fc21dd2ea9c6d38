package engine

import (
	"log/slog"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// Options configures an engine. The zero Options is valid: a temporary data
// directory, one task a core, no checkpoints unless a script asks for them.
type Options struct {
	// DataDir holds metadata, checkpoints and logs. Empty means a temporary
	// directory that is removed at Close; jobs do not outlive the engine then.
	DataDir string
	// FS holds DataDir; nil means the disk. Tests crash others. Without a DataDir it
	// must be nil.
	FS vfs.FS
	// WorkDir resolves relative paths in table options; empty means the process's
	// working directory.
	WorkDir string
	// Parallelism is the number of tasks of a stage; 0 means one a core.
	Parallelism int
	// KeyGroups is the number of key groups of new jobs; 0 means 128.
	KeyGroups int
	// BatchRows is the most rows of a batch; 0 means 4,096.
	BatchRows int
	// Latency bounds how long an operator may hold rows back to make larger
	// batches; 0 means 5 ms.
	Latency time.Duration
	// CheckpointInterval is the time between checkpoints; 0 means none but the
	// final one.
	CheckpointInterval time.Duration
	// CheckpointsKept is how many published checkpoints a job keeps; 0 means 2.
	CheckpointsKept int
	// MemoryBudgetBytes bounds the state that one job keeps in memory; 0 means
	// 512 MiB.
	MemoryBudgetBytes int64
	// RestartAttempts is how often in a row a failed job is started again, with
	// exponential delays: 0 means never, -1 without limit. The options of
	// restart-strategy go before it.
	RestartAttempts int
	// Connectors are added to the built-in ones, Functions, Aggregates and
	// TableFunctions to the built-in functions.
	Connectors []connector.Connector
	Functions  []expr.Function
	Aggregates []agg.Function
	// TableFunctions are what LATERAL TABLE(f(…)) calls.
	TableFunctions []expr.TableFunction
	// ModelProviders are added to the built-in ones of CREATE MODEL.
	ModelProviders []model.Provider
	// Settings are the initial SET options of every session.
	Settings map[string]string
	// Stdout takes the lines of the print connector; nil means the process's
	// standard output.
	Stdout func(line string)
	// Logger takes the engine's log; nil discards it.
	Logger *slog.Logger
	// Now is the wall clock in epoch milliseconds, the only one that jobs see;
	// nil means the system's.
	Now func() int64
}

// Defaults of Options.
const (
	DefaultKeyGroups         = 128
	DefaultBatchRows         = 4096
	DefaultLatency           = 5 * time.Millisecond
	DefaultCheckpointsKept   = 2
	DefaultMemoryBudgetBytes = 512 << 20
)

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	if o.Parallelism == 0 {
		o.Parallelism = runtime.GOMAXPROCS(0)
	}
	if o.KeyGroups == 0 {
		o.KeyGroups = DefaultKeyGroups
	}
	if o.BatchRows == 0 {
		o.BatchRows = DefaultBatchRows
	}
	if o.Latency == 0 {
		o.Latency = DefaultLatency
	}
	if o.CheckpointsKept == 0 {
		o.CheckpointsKept = DefaultCheckpointsKept
	}
	if o.MemoryBudgetBytes == 0 {
		o.MemoryBudgetBytes = DefaultMemoryBudgetBytes
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixMilli() }
	}
	return o
}

// validate checks filled-in options.
func (o Options) validate() error {
	switch {
	case o.Parallelism < 1 || o.Parallelism > maxParallelism:
		return errs.Userf("parallelism %d is not between 1 and %d", o.Parallelism, maxParallelism)
	case o.KeyGroups < o.Parallelism || o.KeyGroups > maxKeyGroups:
		return errs.Userf("%d key groups are not between the parallelism %d and %d", o.KeyGroups, o.Parallelism, maxKeyGroups)
	case o.BatchRows < 1:
		return errs.Userf("batch rows %d is not positive", o.BatchRows)
	case o.CheckpointInterval < 0 || o.Latency < 0:
		return errs.Userf("a negative duration among the engine's options")
	case o.CheckpointsKept < 1:
		return errs.Userf("checkpoints kept %d is not positive", o.CheckpointsKept)
	case o.MemoryBudgetBytes < 1<<20:
		return errs.Userf("a memory budget of %d bytes is below 1 MiB", o.MemoryBudgetBytes)
	case o.DataDir == "" && o.FS != vfs.Default:
		return errs.Userf("a file system of one's own needs a data directory")
	case o.RestartAttempts < -1:
		return errs.Userf("restart attempts %d is below -1", o.RestartAttempts)
	}
	return nil
}

// Bounds of options; key groups are stored as 16 bits.
const (
	maxParallelism = 1024
	maxKeyGroups   = 1 << 15
)

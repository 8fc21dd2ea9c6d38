// Package filesystem is the connector 'filesystem': files and folders of them as
// tables, to read and to write exactly once.
package filesystem

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Connector is the connector 'filesystem'.
type Connector struct {
	fs      vfs.FS
	formats format.Registry
	clock   Clock
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector over the machine's files, with the built-in formats.
func New() *Connector { return NewWith(vfs.Default, format.Builtin(), systemClock{}) }

// NewWith makes the connector over another file system, other formats and another
// clock, for tests and embedders.
func NewWith(fs vfs.FS, formats format.Registry, clock Clock) *Connector {
	return &Connector{fs: fs, formats: formats, clock: clock}
}

// Spec describes the connector.
func (c *Connector) Spec() connector.Spec {
	options := append(append(ownOptions(), overwriteOptions()...), connector.BadRecordOptions()...)
	options = append(options, connector.FullLookupOptions()...)
	return connector.Spec{
		Name: "filesystem",
		Doc: "Files as a table. To read, the path is a file, a folder (read whole, with its sub-folders) or a pattern with `*`, `?` and `[…]`; " +
			"files and folders whose name begins with `.` or `_` are left out. To write, it is a folder, in which files appear " +
			"only when they are complete, exactly once. A lookup join reads all files into memory. `PARTITIONED BY` columns are kept in folder names, as in `state=CA`.",
		Options:  append(options, c.formats.OptionSpecs()...),
		Metadata: metadataSpecs(),
	}
}

func ownOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: "path", Type: connector.TypeString, Required: true, Example: "/data/orders",
			Doc: "The file, folder or pattern. A relative path starts at the folder that the process was started in."},
		{Name: "compression", Type: connector.TypeEnum, Values: append([]string{"auto", format.None}, format.Compressions()...), Default: "auto", Example: "zstd",
			Doc: "How files of records, such as json and csv, are compressed. Reading, `auto` goes by the ending (.gz, .zst, .lz4, .sz, .deflate, .bz2); writing, it means none. " +
				"`snappy` is its framing format, `deflate` is zlib's, and `bzip2` is only read."},
		{Name: "partition.default-name", Type: connector.TypeString, Default: "__HIVE_DEFAULT_PARTITION__", Example: "none",
			Doc: "What stands for NULL in a folder name."},
		{Name: "source.monitor-interval", Type: connector.TypeDuration, Example: "10 s",
			Doc: "Look for new files this often, without end. Without it the files found at the start are read, and the table ends."},
		{Name: "source.split-size", Type: connector.TypeMemorySize, Default: "128 mb", Example: "64 mb",
			Doc: "Files of line records larger than this are read in pieces, by several tasks. Order holds within a piece."},
		{Name: "sink.rolling-policy.file-size", Type: connector.TypeMemorySize, Default: "128 mb", Example: "64 mb",
			Doc: "Begin a new file when one has reached this size. Every checkpoint begins new files, too."},
		{Name: "sink.rolling-policy.rollover-interval", Type: connector.TypeDuration, Default: "30 min", Example: "5 min",
			Doc: "Begin a new file when one has been open for this long."},
		{Name: "sink.rolling-policy.check-interval", Type: connector.TypeDuration, Default: "1 min", Example: "10 s",
			Doc: "How often the age of open files is looked at."},
	}
}

// Metadata keys.
const (
	metaPath     = "file.path"
	metaName     = "file.name"
	metaSize     = "file.size"
	metaModified = "file.modification-time"
)

func metadataSpecs() []connector.MetadataSpec {
	return []connector.MetadataSpec{
		{Key: metaPath, Type: types.StringType(), Doc: "The file's absolute path."},
		{Key: metaName, Type: types.StringType(), Doc: "The file's name."},
		{Key: metaSize, Type: types.Of(types.BigInt), Doc: "The file's size in bytes, when it was found."},
		{Key: metaModified, Type: types.TimestampLTZOf(3), Doc: "When the file was last changed."},
	}
}

// Metadata lists the connector's metadata, and that of the format under options.
func (c *Connector) Metadata(o connector.Options) []connector.MetadataSpec {
	return append(metadataSpecs(), c.formats.Metadata(o)...)
}

// Check validates a declaration.
func (c *Connector) Check(table connector.Table) error {
	_, err := c.layout(table)
	return err
}

// Source makes the reading side.
func (c *Connector) Source(table connector.Table) (connector.Source, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	return newSource(c, l), nil
}

// Sink makes the writing side.
func (c *Connector) Sink(table connector.Table) (connector.Sink, error) {
	l, err := c.layout(table)
	if err != nil {
		return nil, err
	}
	return newSink(c, l)
}

// layout is a table's declaration, checked and taken apart.
type layout struct {
	table  connector.Table
	format codec.Format
	path   string
	// stored are the columns in files: those that are neither metadata nor
	// partition keys.
	stored types.Schema
	// partitions are the partition keys' columns, in key order.
	partitions types.Schema
	// nullName stands for NULL in folder names.
	nullName    string
	compression string
}

// layout checks a declaration.
func (c *Connector) layout(table connector.Table) (*layout, error) {
	if err := connector.SpecFor(c, table.Options).CheckMetadata(table); err != nil {
		return nil, err
	}
	if _, _, err := connector.BadPolicyOf(table.Options); err != nil {
		return nil, err
	}
	path, err := resolve(table)
	if err != nil {
		return nil, err
	}
	l := &layout{table: table, path: path, nullName: table.Options.String("partition.default-name"),
		compression: table.Options.String("compression")}
	for _, key := range table.PartitionKeys {
		i := table.Schema.Index(key)
		if i < 0 {
			return nil, errs.Userf("table '%s' is partitioned by '%s', which is none of its columns", table.Name, key)
		}
		if !partitionType(table.Schema[i].Type) {
			return nil, errs.Unsupportedf("column '%s': %s can't be kept in a folder name", key, table.Schema[i].Type)
		}
		l.partitions = append(l.partitions, table.Schema[i])
	}
	for _, f := range table.Schema {
		if !l.isExtra(f.Name) {
			l.stored = append(l.stored, f)
		}
	}
	if l.format, err = c.formats.Of(table.Options, l.stored); err != nil {
		return nil, err
	}
	if _, ok := l.format.(codec.Messages); ok {
		return nil, errs.Unsupportedf("format '%s' is of messages, and files have no place where one ends", l.format.Spec().Name)
	}
	return l, nil
}

// mode is what changes of rows files hold.
func (l *layout) mode() connector.SinkMode {
	if codec.AreChanges(l.format, l.table.Options) {
		return connector.Retract
	}
	return connector.AppendOnly
}

// isExtra reports a column that files don't hold.
func (l *layout) isExtra(name string) bool {
	return l.table.Beside(name) || l.partitions.Index(name) >= 0
}

// partitionType reports types whose values can be folder names.
func partitionType(t types.Type) bool {
	return !t.IsNested() && !t.IsBinary() && !t.IsInterval() && t.Kind != types.Null
}

// resolve makes the table's path absolute.
func resolve(table connector.Table) (string, error) {
	path := table.Options.String("path")
	if scheme, rest, ok := strings.Cut(path, "://"); ok {
		if scheme != "file" {
			return "", errs.Unsupportedf("option 'path' = '%s': the scheme '%s' can't be opened", path, scheme).
				WithHint("give a path of this machine, or file://…")
		}
		path = rest
	}
	return absolute(path, table.Env.WorkDir)
}

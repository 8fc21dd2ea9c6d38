package keyed

import (
	"slices"
	"strings"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Layout says how a table's rows lie in records. It is immutable.
type Layout struct {
	// Upsert tells that records are upserts.
	Upsert bool
	// table is the table's name, for messages.
	table  string
	stored types.Schema
	value  part
	// key is nil for records whose keys hold no columns.
	key *part
	// maxRows and interval are the sink's buffer; 0 for none.
	maxRows  int
	interval time.Duration
}

// part is a key or a value: some of the stored columns in a format.
type part struct {
	format  codec.Records
	options connector.Options
	// schema names the columns as records do, at are their places among the stored.
	schema types.Schema
	at     []int
	// around are the columns that the format gives out of what stands around a row, by
	// its keys.
	around map[string]string
}

// Declared is what a connector knows of a table when it asks for its layout.
type Declared struct {
	Connector string
	Formats   format.Registry
	Table     connector.Table
	// Stored are the columns in records: all but metadata.
	Stored types.Schema
	// Upsert tells that the connector's options are UpsertOptions.
	Upsert bool
}

// New checks a table's declaration and takes it apart.
func New(d Declared) (*Layout, error) {
	l := &Layout{Upsert: d.Upsert, table: d.Table.Name, stored: d.Stored, value: part{around: d.Table.Around()}}
	names, err := l.keyNames(d)
	if err != nil {
		return nil, err
	}
	var key part
	for _, name := range names {
		i := d.Stored.Index(name)
		if _, around := l.value.around[name]; i < 0 || around {
			return nil, errs.Userf("the key names '%s', which is none of its stored columns", name)
		}
		if slices.Contains(key.at, i) {
			return nil, errs.Userf("the key names '%s' twice", name)
		}
		key.at = append(key.at, i)
	}
	if len(key.at) > 0 {
		l.key = &key
	}
	if err := l.openKey(d); err != nil {
		return nil, err
	}
	if err := l.openValue(d); err != nil {
		return nil, err
	}
	return l, l.buffer(d)
}

// WithoutKey is the layout of a table whose records are values only, in the one
// format of Registry.OptionSpecs.
func WithoutKey(formats format.Registry, table connector.Table, stored types.Schema) (*Layout, error) {
	l := &Layout{table: table.Name, stored: stored, value: part{options: table.Options, schema: stored, around: table.Around()}}
	for i := range stored {
		l.value.at = append(l.value.at, i)
	}
	var err error
	l.value.format, err = formats.Records(table.Options, stored)
	return l, err
}

// keyNames lists the columns of the key.
func (l *Layout) keyNames(d Declared) ([]string, error) {
	o := d.Table.Options
	if d.Upsert {
		if len(d.Table.PrimaryKey) == 0 {
			return nil, errs.Userf("connector '%s' needs a PRIMARY KEY, which says what identifies a row", d.Connector).
				WithHint("add PRIMARY KEY (columns) NOT ENFORCED to the table")
		}
		return d.Table.PrimaryKey, nil
	}
	fields := o.List(optionKeyFields)
	if o.Given(optionKeyFormat) != (len(fields) > 0) {
		return nil, errs.Userf("the options '%s' and '%s' belong together", optionKeyFormat, optionKeyFields)
	}
	for _, name := range []string{optionKeyPrefix, optionInclude} {
		if o.Given(name) && len(fields) == 0 {
			return nil, errs.Userf("option '%s' needs '%s' and '%s'", name, optionKeyFormat, optionKeyFields)
		}
	}
	return fields, nil
}

func (l *Layout) openKey(d Declared) error {
	o := d.Table.Options
	if l.key == nil {
		if given := o.Prefix(prefixKey); len(given) > 0 {
			return errs.Userf("options of the key need '%s' and '%s'", optionKeyFormat, optionKeyFields)
		}
		return nil
	}
	prefix := o.String(optionKeyPrefix)
	if prefix != "" && o.String(optionInclude) != includeValues {
		return errs.Userf("'%s' needs '%s' = '%s'", optionKeyPrefix, optionInclude, includeValues).
			WithHint("a value that held the key's columns would hold them under names with the prefix")
	}
	for _, i := range l.key.at {
		f := l.stored[i]
		name, ok := strings.CutPrefix(f.Name, prefix)
		if !ok || name == "" {
			return errs.Userf("the key's column '%s' does not begin with '%s' = '%s'", f.Name, optionKeyPrefix, prefix)
		}
		f.Name = name
		l.key.schema = append(l.key.schema, f)
	}
	return l.key.open(d, prefixKey, o.String(optionKeyFormat))
}

func (l *Layout) openValue(d Declared) error {
	o := d.Table.Options
	for i, f := range l.stored {
		if l.key == nil || o.String(optionInclude) == includeAll || !slices.Contains(l.key.at, i) {
			l.value.schema, l.value.at = append(l.value.schema, f), append(l.value.at, i)
		}
	}
	if !d.Upsert && !o.Given(optionValueFormat) {
		return l.plainValue(d)
	}
	if !d.Upsert && o.Given(optionFormat) {
		return errs.Userf("give one of '%s' and '%s'", optionFormat, optionValueFormat)
	}
	name := o.String(optionValueFormat)
	if err := l.value.open(d, prefixValue, name); err != nil {
		return err
	}
	if d.Upsert && codec.AreChanges(l.value.format, l.value.options) {
		return errs.Userf("'%s' = '%s' is a format of changes, and an upsert's value is what a row is now", optionValueFormat, name)
	}
	return nil
}

// plainValue is the value of a table with the option 'format'.
func (l *Layout) plainValue(d Declared) error {
	o := d.Table.Options
	if !o.Given(optionFormat) {
		return needValueFormat(d.Formats, d.Connector)
	}
	for option := range o.Prefix(prefixValue) {
		if full := prefixValue + option; full != optionInclude {
			return errs.Userf("option '%s' needs '%s' in place of '%s'", full, optionValueFormat, optionFormat)
		}
	}
	var err error
	l.value.options = o
	l.value.format, err = d.Formats.Records(o, l.value.schema)
	return err
}

func (p *part) open(d Declared, prefix, name string) error {
	var err error
	if p.options, err = optionsOf(d.Formats, d.Table.Options, prefix, name); err != nil {
		return err
	}
	p.format, err = d.Formats.Records(p.options, p.schema)
	return errs.Wrap(errs.User, err, "the %s", strings.TrimSuffix(prefix, "."))
}

// buffer reads the sink's buffer.
func (l *Layout) buffer(d Declared) error {
	if !d.Upsert {
		return nil
	}
	o := d.Table.Options
	l.maxRows, l.interval = int(o.Int(optionMaxRows)), o.Duration(optionInterval)
	if l.maxRows < 0 || (l.maxRows > 0) != (l.interval > 0) {
		return errs.Userf("'%s' and '%s' are both 0, or both more", optionMaxRows, optionInterval)
	}
	return nil
}

// HasKey reports whether the keys of records hold columns.
func (l *Layout) HasKey() bool { return l.key != nil }

// Changes is what changes of rows records hold.
func (l *Layout) Changes() connector.SinkMode {
	switch {
	case l.Upsert:
		return connector.Upsert
	case codec.AreChanges(l.value.format, l.value.options):
		return connector.Retract
	}
	return connector.AppendOnly
}

// SinkColumns tells how a sink whose records have a partition key writes a table: stored
// are the columns in the records, keys those that make the key where the layout does not:
// the columns that the table's option names, or its PARTITIONED BY, or the METADATA column
// of that name, if there is one.
func (l *Layout) SinkColumns(t connector.Table, option, metadata string) (stored, keys []int, err error) {
	named, err := l.partitionColumns(t, option)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range t.Schema {
		key, isMetadata := t.Metadata[f.Name]
		switch {
		case !isMetadata:
			stored = append(stored, i)
		case key == metadata && len(named) == 0 && l.key == nil:
			keys = append(keys, i)
		default:
			return nil, nil, errs.Userf("table '%s': the METADATA column '%s' can't be written", t.Name, f.Name).
				WithHint("declare it VIRTUAL, or leave it out")
		}
	}
	for _, name := range named {
		i := t.Schema.Index(name)
		if i < 0 {
			return nil, nil, errs.Userf("table '%s': the partition key names '%s', which is none of its columns", t.Name, name)
		}
		keys = append(keys, i)
	}
	return stored, keys, nil
}

// partitionColumns names the columns whose values make the partition key of records
// whose keys hold no columns. Where rows change it is the PRIMARY KEY if nothing else is
// given, so that the changes of a row stay in order.
func (l *Layout) partitionColumns(t connector.Table, option string) ([]string, error) {
	if l.Upsert {
		return nil, nil
	}
	named := t.Options.List(option)
	switch {
	case l.HasKey() && len(named) > 0:
		return nil, errs.Userf("table '%s': a record has one key: give 'key.fields' or '%s'", t.Name, option)
	case len(named) > 0:
		return named, nil
	case len(t.PartitionKeys) == 0 && l.Changes() != connector.AppendOnly:
		return t.PrimaryKey, nil
	}
	return t.PartitionKeys, nil
}

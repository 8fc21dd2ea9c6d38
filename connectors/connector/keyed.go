package connector

import "github.com/thalweg/thalweg/internal/errs"

// KeyedColumns tells how a sink whose records have a partition key writes a table:
// stored are the columns in the records, keys those that make the key. named are the
// columns that the table's options name, none for its PARTITIONED BY; without any the
// key is the METADATA column of that name, if there is one.
func KeyedColumns(t Table, named []string, metadata string) (stored, keys []int, err error) {
	if len(named) == 0 {
		named = t.PartitionKeys
	}
	for i, f := range t.Schema {
		key, isMetadata := t.Metadata[f.Name]
		switch {
		case !isMetadata:
			stored = append(stored, i)
		case key == metadata && len(named) == 0:
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

// Package parquet is the format 'parquet': files of columns, read as far as a
// query wants them.
package parquet

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is the format 'parquet'.
type Format struct{}

var _ codec.Files = Format{}

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "parquet",
		Doc: "Parquet files. Reading takes only the wanted columns and ROW fields, leaves out row groups that the filters exclude, " +
			"finds columns by name and gives NULL for those that a file lacks.",
		Options: []connector.OptionSpec{
			{Name: "parquet.compression", Type: connector.TypeEnum, Values: []string{"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"},
				Default: "SNAPPY", Example: "ZSTD", Doc: "How pages are compressed when writing."},
			{Name: "parquet.row-group-size", Type: connector.TypeMemorySize, Default: "64 mb", Example: "128 mb",
				Doc: "About how large a row group becomes, and how much of it a writer holds in memory."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "parquet" }

// Check refuses column types that Parquet has no type for.
func (Format) Check(schema types.Schema, _ connector.Options) error {
	for _, f := range schema {
		if err := checkType(f.Name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

func checkType(name string, t types.Type) error {
	if t.IsInterval() || t.Kind == types.Null {
		return errs.Unsupportedf("column '%s': format 'parquet' has no type for %s", name, t)
	}
	for _, part := range []*types.Type{t.Key, t.Elem} {
		if part != nil {
			if err := checkType(name, *part); err != nil {
				return err
			}
		}
	}
	for _, f := range t.Fields {
		if err := checkType(name+"."+f.Name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

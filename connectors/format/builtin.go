package format

import (
	"github.com/thalweg/thalweg/connectors/format/arrowipc"
	"github.com/thalweg/thalweg/connectors/format/avro"
	"github.com/thalweg/thalweg/connectors/format/cdc"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/csv"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/connectors/format/msgpack"
	"github.com/thalweg/thalweg/connectors/format/parquet"
	"github.com/thalweg/thalweg/connectors/format/protobuf"
	"github.com/thalweg/thalweg/connectors/format/raw"
)

// Builtin is the registry of all formats that come with Thalweg.
func Builtin() Registry {
	formats := []codec.Format{json.Format{}, csv.Format{}, parquet.Format{}, arrowipc.Format{}, raw.Format{}, msgpack.Format{}, avro.Format{}, protobuf.Format{}}
	formats = append(formats, avro.Confluents()...)
	return NewRegistry(append(formats, cdc.Formats()...)...)
}

// Package protobuf is the format 'protobuf': a record is a Protocol Buffers message, whose
// schema stands in a .proto file, a set of descriptors or the options.
//
// A table's columns and a message's fields are compiled into a program that goes over a
// message's bytes once to find where its fields are, and then appends each to its column;
// nothing is made of a message in between.
package protobuf

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/types"
)

const (
	optionMessage        = "protobuf.message-class-name"
	optionSchema         = "protobuf.schema"
	optionSchemaFile     = "protobuf.schema-file"
	optionDescriptorFile = "protobuf.descriptor-file"
	optionImports        = "protobuf.import-paths"
	optionIgnore         = "protobuf.ignore-parse-errors"
	optionDefaults       = "protobuf.read-default-values"
	optionNullString     = "protobuf.write-null-string-literal"
)

// Format is the format 'protobuf'.
type Format struct{}

var (
	_ codec.Records  = Format{}
	_ codec.Messages = Format{}
)

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "protobuf",
		Doc: "A record is a Protocol Buffers message; columns are its fields by name. `string` is STRING, `bytes` BYTES, integers of 32 bits are INT or BIGINT, those of 64 bits BIGINT, " +
			"an enum is a text or a whole number, a message ROW, `repeated` ARRAY, `map` MAP; `google.protobuf.Timestamp` is TIMESTAMP, TIMESTAMP_LTZ or ROW, and a wrapper such as " +
			"`google.protobuf.Int64Value` is its value or NULL. Fields that are no columns are skipped. " +
			"Numbers, texts, bytes and enums that a message of proto3 lacks have their default value; what else is lacking is NULL, `optional` fields and those of a `oneof` too " +
			"(Flink reads the defaults of these). NULL is not written; " +
			"in arrays and maps it is written as the type's default. Of the fields of a `oneof` the last column that isn't NULL is written.",
		Options: []connector.OptionSpec{
			{Name: optionMessage, Type: connector.TypeString, Example: "shop.Order",
				Doc: "The message: its full name in protobuf or of its class in Java (`com.example.Shop$Order`), or its bare name where only one has it."},
			{Name: optionSchemaFile, Type: connector.TypeString, Example: "schemas/shop.proto", Doc: "The .proto file that declares the message. What it imports is looked for beside it."},
			{Name: optionDescriptorFile, Type: connector.TypeString, Example: "schemas/shop.pb", Doc: "Instead: a FileDescriptorSet, as `protoc --include_imports -o` writes it."},
			{Name: optionSchema, Type: connector.TypeString, Example: `syntax = "proto3"; message Order { int64 id = 1; }`, Doc: "Instead: the text of the .proto file, which then stays with the table."},
			{Name: optionImports, Type: connector.TypeList, Example: "schemas;third_party", Doc: "Folders in which imported files are looked for."},
			{Name: optionIgnore, Type: connector.TypeBool, Default: "false", Example: "true", Doc: "Leave messages out that can't be decoded, instead of handing them to the bad-record policy."},
			{Name: optionDefaults, Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Read what a message lacks as its default: of proto2 what the schema says, of messages, arrays and maps empty ones. Otherwise it is NULL."},
			{Name: optionNullString, Type: connector.TypeString, Example: "null", Doc: "What is written for NULL among texts in arrays and maps; nothing without it."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "binpb" }

// LineRecords is always false: a message may hold any byte.
func (Format) LineRecords(connector.Options) bool { return false }

// MessagesOnly marks the format as one without files: messages don't say how long they
// are.
func (Format) MessagesOnly() {}

// Check compares the columns with the message's fields.
func (Format) Check(schema types.Schema, o connector.Options) error {
	m, err := message(o)
	if err != nil {
		return err
	}
	_, err = (&compiler{defaults: o.Bool(optionDefaults)}).message(m, "", schema, nil)
	return err
}

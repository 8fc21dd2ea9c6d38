package cdc

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/operators/stream"
)

// The members of Debezium's and Oracle GoldenGate's records.
const (
	imageBefore = iota
	imageAfter
	imageOp
)

// debezium is the format 'debezium-json': before and after images, and op.
func debezium() *Format {
	const included = "debezium-json.schema-include"
	return &Format{
		name: "debezium-json", around: debeziumAround(),
		doc: "Changes as Debezium writes them: `before`, `after` and `op`, which is c, r, u or d. Written, an update is a deletion and " +
			"an insertion.",
		options: []connector.OptionSpec{{Name: included, Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Records hold their schema, and the change in the member `payload`. Reading only."}},
		envelope: func(o connector.Options) (json.EnvelopeConfig, error) {
			e := json.EnvelopeConfig{Members: []string{"before", "after", "op"}, Changes: debeziumChanges}
			if o.Bool(included) {
				e.Inside = "payload"
			}
			return e, nil
		},
		added:   json.Frame{Before: `{"before":null,"after":`, After: `,"op":"c"}`},
		removed: json.Frame{Before: `{"before":`, After: `,"after":null,"op":"d"}`},
		readOnly: func(o connector.Options) string {
			if o.Bool(included) {
				return "with '" + included + "' = 'true'"
			}
			return ""
		},
	}
}

func debeziumChanges(e *json.Envelope) bool {
	switch op := e.Text(e.At(imageOp)); string(op) {
	case "c", "r":
		return image(e, stream.Insert, imageAfter)
	case "u":
		return image(e, stream.UpdateBefore, imageBefore) && image(e, stream.UpdateAfter, imageAfter)
	case "d":
		return image(e, stream.Delete, imageBefore)
	default:
		return e.Fail("unknown op %q: c, r, u or d wanted", op)
	}
}

// image appends one of a record's two images.
func image(e *json.Envelope, kind stream.RowKind, member int) bool {
	if at := e.At(member); at != 0 {
		return e.Row(kind, at)
	}
	if member == imageBefore {
		return e.Fail("the record has no image before the change; let the database log it, in PostgreSQL with REPLICA IDENTITY FULL")
	}
	return e.Fail("the record has no image after the change")
}

// ogg is the format 'ogg-json' of Oracle GoldenGate.
func ogg() *Format {
	return &Format{
		name: "ogg-json", around: oggAround(),
		doc: "Changes as Oracle GoldenGate writes them: `before`, `after` and `op_type`, which is I, U or D. Written, an update is a " +
			"deletion and an insertion.",
		envelope: func(connector.Options) (json.EnvelopeConfig, error) {
			return json.EnvelopeConfig{Members: []string{"before", "after", "op_type"}, Changes: oggChanges}, nil
		},
		added:   json.Frame{Before: `{"before":null,"after":`, After: `,"op_type":"I"}`},
		removed: json.Frame{Before: `{"before":`, After: `,"after":null,"op_type":"D"}`},
	}
}

func oggChanges(e *json.Envelope) bool {
	switch op := e.Text(e.At(imageOp)); string(op) {
	case "I":
		return image(e, stream.Insert, imageAfter)
	case "U":
		return image(e, stream.UpdateBefore, imageBefore) && image(e, stream.UpdateAfter, imageAfter)
	case "D":
		return image(e, stream.Delete, imageBefore)
	default:
		return e.Fail("unknown op_type %q: I, U or D wanted", op)
	}
}

package cdc

import (
	"regexp"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// The members of Canal's and Maxwell's records.
const (
	memberData = iota
	memberOld
	memberType
	memberDatabase
	memberTable
)

var rowMembers = []string{"data", "old", "type", "database", "table"}

// canal is the format 'canal-json': arrays of rows, with what updates overwrote.
func canal() *Format {
	const database, table = "canal-json.database.include", "canal-json.table.include"
	return &Format{
		name: "canal-json", around: canalAround(),
		doc: "Changes as Canal writes them: `type`, the rows in `data`, and in `old` what an update overwrote. Records of DDL are " +
			"left out. Written, an update is a deletion and an insertion.",
		options: []connector.OptionSpec{
			{Name: database, Type: connector.TypeString, Example: "shop_[0-9]+",
				Doc: "Reading, take only records whose whole `database` matches this regular expression."},
			{Name: table, Type: connector.TypeString, Example: "orders",
				Doc: "Reading, take only records whose whole `table` matches this regular expression."},
		},
		envelope: func(o connector.Options) (json.EnvelopeConfig, error) {
			c := canalReader{}
			var err error
			if c.database, err = included(o, database); err != nil {
				return json.EnvelopeConfig{}, err
			}
			if c.table, err = included(o, table); err != nil {
				return json.EnvelopeConfig{}, err
			}
			return json.EnvelopeConfig{Members: rowMembers, Changes: c.changes}, nil
		},
		added:   json.Frame{Before: `{"data":[`, After: `],"type":"INSERT"}`},
		removed: json.Frame{Before: `{"data":[`, After: `],"type":"DELETE"}`},
	}
}

// included is an option's regular expression for whole names, or nil.
func included(o connector.Options, name string) (*regexp.Regexp, error) {
	if !o.Has(name) {
		return nil, nil
	}
	re, err := regexp.Compile("^(?:" + o.String(name) + ")$")
	if err != nil {
		return nil, errs.Userf("option '%s' = '%s' is no regular expression: %s", name, o.String(name), err)
	}
	return re, nil
}

// canalReader decodes records of some databases and tables; nil takes all.
type canalReader struct{ database, table *regexp.Regexp }

func (c canalReader) changes(e *json.Envelope) bool {
	if c.database != nil && !c.database.Match(e.Text(e.At(memberDatabase))) ||
		c.table != nil && !c.table.Match(e.Text(e.At(memberTable))) {
		return true
	}
	data := e.At(memberData)
	switch kind := e.Text(e.At(memberType)); string(kind) {
	case "INSERT":
		return eachRow(e, stream.Insert, data)
	case "DELETE":
		return eachRow(e, stream.Delete, data)
	case "UPDATE":
		return canalUpdates(e, data)
	case "CREATE":
		return true
	default:
		return e.Fail("unknown type %q: INSERT, UPDATE or DELETE wanted", kind)
	}
}

// eachRow appends the rows of an array.
func eachRow(e *json.Envelope, kind stream.RowKind, data json.Place) bool {
	if data == 0 {
		return e.Fail("the record has no member 'data'")
	}
	for at := e.First(data); at != 0; at = e.Next(at) {
		if !e.Row(kind, at) {
			return false
		}
	}
	return true
}

// canalUpdates appends pairs: old holds the overwritten values of each row of data.
func canalUpdates(e *json.Envelope, data json.Place) bool {
	old := e.At(memberOld)
	if data == 0 || old == 0 {
		return e.Fail("an UPDATE needs the members 'data' and 'old'")
	}
	before := e.First(old)
	for at := e.First(data); at != 0; at = e.Next(at) {
		if before == 0 {
			return e.Fail("'old' has fewer rows than 'data'")
		}
		if !e.RowOver(stream.UpdateBefore, at, before) || !e.Row(stream.UpdateAfter, at) {
			return false
		}
		before = e.Next(before)
	}
	return true
}

// maxwell is the format 'maxwell-json': one row a record.
func maxwell() *Format {
	return &Format{
		name: "maxwell-json", around: maxwellAround(),
		doc: "Changes as Maxwell writes them: `type`, the row in `data`, and in `old` what an update overwrote. Written, an update is a " +
			"deletion and an insertion.",
		envelope: func(connector.Options) (json.EnvelopeConfig, error) {
			return json.EnvelopeConfig{Members: rowMembers, Changes: maxwellChanges}, nil
		},
		added:   json.Frame{Before: `{"data":`, After: `,"type":"insert"}`},
		removed: json.Frame{Before: `{"data":`, After: `,"type":"delete"}`},
	}
}

func maxwellChanges(e *json.Envelope) bool {
	data := e.At(memberData)
	if data == 0 {
		return e.Fail("the record has no member 'data'")
	}
	switch kind := e.Text(e.At(memberType)); string(kind) {
	case "insert":
		return e.Row(stream.Insert, data)
	case "delete":
		return e.Row(stream.Delete, data)
	case "update":
		return e.RowOver(stream.UpdateBefore, data, e.At(memberOld)) && e.Row(stream.UpdateAfter, data)
	default:
		return e.Fail("unknown type %q: insert, update or delete wanted", kind)
	}
}

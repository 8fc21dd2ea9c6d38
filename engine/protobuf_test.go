package engine_test

import (
	"testing"

	"github.com/thalweg/thalweg/engine"
)

// TestProtobufInAStream writes messages to a stream of the built-in log and reads them.
func TestProtobufInAStream(t *testing.T) {
	w := newWorld(t, engine.Options{DataDir: t.TempDir(), Parallelism: 1})
	const schema = `'format' = 'protobuf', 'protobuf.message-class-name' = 'Order', 'protobuf.schema' = 'syntax = "proto3"; import "google/protobuf/timestamp.proto";
		message Order { int64 id = 1; string item = 2; repeated double prices = 3; map<string, int32> counts = 4; Where place = 5; Kind kind = 6; google.protobuf.Timestamp at = 7; optional int32 stars = 8;
		  message Where { string city = 1; } enum Kind { NEW = 0; OLD = 1; } }'`
	w.must(t, `SET 'table.dml-sync' = 'true';
		CREATE STREAM orders (id BIGINT, item STRING, prices ARRAY<DOUBLE>, counts MAP<STRING, INT>, place ROW<city STRING>, kind STRING, at TIMESTAMP_LTZ(3), stars INT)
			WITH (`+schema+`, 'scan.bounded.mode' = 'latest');
		INSERT INTO orders VALUES (1, 'pen', ARRAY[1.5, 2], MAP['a', 7], ROW('Bern'), 'OLD', TO_TIMESTAMP_LTZ(1700000000123, 3), 5),
			(2, CAST(NULL AS STRING), CAST(NULL AS ARRAY<DOUBLE>), CAST(NULL AS MAP<STRING, INT>), CAST(NULL AS ROW<city STRING>), 'NEW', CAST(NULL AS TIMESTAMP_LTZ(3)), CAST(NULL AS INT))`)
	got := w.lines(t, "SELECT id, item, prices[2], counts['a'], place.city, kind, EXTRACT(SECOND FROM at), stars FROM orders")
	if got != "1,pen,2.0,7,Bern,OLD,20,5 2,,NULL,NULL,NULL,NEW,NULL,NULL" {
		t.Error(got)
	}
	w.refused(t, "CREATE STREAM s (idd BIGINT) WITH ("+schema+")", "", "column 'idd': the message Order has no such field")
	w.refused(t, "CREATE STREAM s (id BIGINT) WITH ('format' = 'protobuf', 'protobuf.message-class-name' = 'Ordr', 'protobuf.schema' = 'message Order {}')", "", "no message 'Ordr'")
}

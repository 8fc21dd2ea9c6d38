package stream_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
)

func TestRowsRoundTripThroughText(t *testing.T) {
	schema, err := stream.ParseSchema("k STRING, v BIGINT, d DECIMAL(10, 2), ts TIMESTAMP(3), f DOUBLE, b BOOLEAN, x BYTES, day DATE")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"+I k=a v=1 d=1.50 ts=3s f=0.5 b=true x=00ff day=1970-01-02",
		"-U k='two words' v=-7 d=-0.01 ts=1.5s f=NaN b=false x= day=2020-02-29",
		"+U k='it''s' v=NULL d=NULL ts=NULL f=NULL b=NULL x=NULL day=NULL",
		"-D k='NULL' v=0 d=0.00 ts=0s f=1e+100 b=true x=01 day=1969-12-31",
	}
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	batch, err := stream.ParseRows(alloc, schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	if got, want := strings.Join(stream.FormatRows(batch), "\n"), strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestShortFormsOfRows(t *testing.T) {
	schema, err := stream.ParseSchema("v INT, ts TIMESTAMP_LTZ(3) NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{"+ v=1 @2s", "- v=1 @2s"})
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	if got, want := strings.Join(stream.FormatRows(batch), "; "), "+I v=1 ts=2s; -D v=1 ts=2s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBadRowTextIsRefused(t *testing.T) {
	schema, err := stream.ParseSchema("v INT")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"", "x v=1", "+I w=1", "+I v=abc", "+I v='1", "+I @3s"} {
		if batch, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{line}); err == nil {
			batch.Release()
			t.Errorf("%q was accepted", line)
		}
	}
}

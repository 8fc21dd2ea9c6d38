// Package codec is the contract between connectors and formats: bytes to batches
// and back. Formats of records (json, csv, raw) stand on Decoder and Encoder;
// formats of whole files (parquet, arrow) on FileReader and FileWriter.
package codec

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Format is one format. It is stateless: any goroutine may call it. It is also a
// Records or a Files.
type Format interface {
	// Spec names the format; its options carry the format's name as prefix.
	Spec() connector.Spec
	// Extension is the file name's ending, without a dot.
	Extension() string
	// Check reports whether the columns can be read and written. Errors are of
	// class user or unsupported and name the column.
	Check(schema types.Schema, options connector.Options) error
}

// Config is what a decoder or encoder is made for.
type Config struct {
	// Schema lists the columns that the records hold, in order.
	Schema types.Schema
	// Columns are the wanted ones: a subset in order, with pruned ROWs. nil means
	// Schema. Encoders ignore it.
	Columns types.Schema
	// Metadata gives, for columns that decoders fill with what stands around a row, the
	// format's key of it.
	Metadata map[string]string
	// Filters are conjuncts over Columns' indexes that a file reader may use to
	// leave out groups of rows without a match. It need not leave out any.
	Filters []rex.Expr
	// Options are the table's options.
	Options connector.Options
	Alloc   memory.Allocator
	// Context ends what waits for something outside; nil never does.
	Context context.Context
	// BatchRows is the most rows of a batch, at least 1.
	BatchRows int
	// Lines makes an encoder end every record as in a file.
	Lines bool
}

// Wanted is Columns, or Schema without it.
func (c Config) Wanted() types.Schema {
	if c.Columns == nil {
		return c.Schema
	}
	return c.Columns
}

// Records is a format of records one after another.
type Records interface {
	Format
	NewDecoder(c Config) (Decoder, error)
	NewEncoder(c Config) (Encoder, error)
	// LineRecords reports whether every record is one line, so that a file can be
	// cut at any line's end and read in pieces.
	LineRecords(o connector.Options) bool
}

// Changes is a format whose records may be changes: its decoders give rows of all
// kinds, and its encoders take them.
type Changes interface {
	Format
	// Changes reports whether records are changes under a table's options.
	Changes(o connector.Options) bool
}

// AreChanges reports whether f's records are changes under the options o.
func AreChanges(f Format, o connector.Options) bool {
	c, ok := f.(Changes)
	return ok && c.Changes(o)
}

// Messages is a format of records that can't be told apart in a file.
type Messages interface {
	Records
	MessagesOnly()
}

// Bad is one record that could not be decoded, within the data given to a call.
type Bad struct {
	// Offset is the record's start in the data, Line the number of line ends
	// before it.
	Offset int
	Line   int
	// Reason names column and value. Raw is borrowed until the call returns.
	Reason string
	Raw    []byte
}

// Decoder turns records into columns. One goroutine uses it; data is borrowed for
// the call.
type Decoder interface {
	// Lines decodes records from the front of data until it is used up, a record
	// is incomplete, or the pending batch is full. It gives the bytes consumed
	// and the line ends among them; 0 bytes means that more data is needed (or,
	// when the batch is full, a Flush). final says that no data follows, so an
	// unterminated record is complete. A record that can't be decoded is given to
	// bad, leaves no row, and counts as consumed unless bad gives an error, which
	// ends the call.
	Lines(data []byte, final bool, bad func(Bad) error) (consumed, lines int, err error)
	// Record decodes one message, which may hold several records, and appends its
	// rows; or none of them when it gives an error. One of class user makes the
	// message a bad record and names column and value; one of class resource says
	// that something outside is needed and can't be reached, and fails the reader.
	Record(message []byte) error
	// Rows is the number of pending rows. Full reports that the batch should be
	// flushed before going on.
	Rows() int
	Full() bool
	// Flush gives the pending rows, owned by the caller.
	Flush() stream.Batch
	// Close frees everything.
	Close()
}

// Headed is a Decoder of files that may begin with a header.
type Headed interface {
	Decoder
	// Header takes a file's beginning and gives the header's length; ok is false
	// when more data is needed. It is called once, before Lines, also when
	// reading goes on in the middle of a file.
	Header(data []byte, final bool) (consumed, lines int, ok bool, err error)
}

// Encoder turns batches into records. One goroutine uses it.
type Encoder interface {
	// Begin appends what a file starts with.
	Begin(dst []byte) []byte
	// Encode appends one record per row, of whatever kind if the format is of
	// changes and an insert otherwise, and, to ends, the offset in dst of each
	// record's end (line end included). The batch is borrowed.
	Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error)
}

// Files is a format of whole files.
type Files interface {
	Format
	OpenFile(f File, c Config) (FileReader, error)
	NewFile(w io.Writer, c Config) (FileWriter, error)
}

// File is a file to read.
type File struct {
	io.ReaderAt
	SizeBytes int64
}

// FileReader reads one file in order. One goroutine uses it.
type FileReader interface {
	// Next gives at most max rows, owned by the caller, or io.EOF.
	Next(max int) (stream.Batch, error)
	// Position is the number of the next row, rows that filters left out counted;
	// Seek goes on at a row that Position gave.
	Position() int64
	SkipTo(row int64) error
	// Rows is the number of rows in the file, -1 when unknown.
	Rows() int64
	Close() error
}

// FileWriter writes one file. One goroutine uses it.
type FileWriter interface {
	// Write adds rows. The batch is borrowed.
	Write(batch stream.Batch) error
	// Written is about the number of bytes that the file has so far.
	Written() int64
	// Close completes the file. It does not close the io.Writer.
	Close() error
}

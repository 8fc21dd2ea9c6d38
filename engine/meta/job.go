package meta

import (
	"time"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
)

// Job is what is remembered of a job.
type Job struct {
	ID   string `msgpack:"i"`
	Name string `msgpack:"n"`
	// SQL is the statement, Place where it stood, Plan its plan in msgpack.
	SQL   string `msgpack:"q"`
	Place Place  `msgpack:"pl,omitempty"`
	Plan  []byte `msgpack:"p"`
	// Settings are the session's options when the job was made.
	Settings map[string]string `msgpack:"o,omitempty"`
	// DeadLetters are the tables that its sources send bad records to.
	DeadLetters map[string]plan.TableRef `msgpack:"d,omitempty"`
	// Functions are the functions of the catalog that it calls, as they were.
	Functions []Function `msgpack:"f,omitempty"`
	// Models are the models that it calls, as they were.
	Models []Model `msgpack:"ml,omitempty"`
	// View is the ID of the materialized view that it writes; empty for none.
	View        string `msgpack:"v,omitempty"`
	Parallelism int    `msgpack:"l"`
	KeyGroups   int    `msgpack:"g"`
	// State is the name of the job's state when it was last written; a job that
	// runs is resumed when the store is opened.
	State   string    `msgpack:"s"`
	Created time.Time `msgpack:"c"`
	Started time.Time `msgpack:"st,omitempty"`
	Ended   time.Time `msgpack:"e,omitempty"`
	// Restarts counts the attempts after failures.
	Restarts   int    `msgpack:"r,omitempty"`
	Error      string `msgpack:"x,omitempty"`
	ErrorClass string `msgpack:"xc,omitempty"`
	// ErrorLine and ErrorColumn are where in the script; 0 for no place.
	ErrorLine   int `msgpack:"xl,omitempty"`
	ErrorColumn int `msgpack:"xk,omitempty"`
	// Savepoint is where the last one lies.
	Savepoint string `msgpack:"sp,omitempty"`
	// NowMillis is the processing time of the first start.
	NowMillis int64 `msgpack:"t,omitempty"`
}

// Place is where in a script a text starts: its offset in bytes, and its 1-based
// line and column in runes.
type Place struct {
	Offset int `msgpack:"o"`
	Line   int `msgpack:"l"`
	Column int `msgpack:"c"`
}

// PlaceOf is the place of offset in script.
func PlaceOf(script string, offset int) Place {
	line, column := errs.Position(script, offset)
	return Place{offset, line, column}
}

// Position gives line and column of an offset in the script, which lies in text,
// the text that starts at p.
func (p Place) Position(text string, offset int) (line, column int) {
	line, column = errs.Position(text, offset-p.Offset)
	if line == 1 {
		column += p.Column - 1
	}
	return line + p.Line - 1, column
}

// PutJob stores a job under its ID.
func (s *Store) PutJob(j Job) error { return s.put(jobKind+j.ID, j) }

// DeleteJob forgets a job.
func (s *Store) DeleteJob(id string) error { return s.delete(jobKind + id) }

// Jobs lists all jobs in order of their IDs.
func (s *Store) Jobs() ([]Job, error) { return list[Job](s, jobKind) }

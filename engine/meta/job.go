package meta

import (
	"time"

	"github.com/thalweg/thalweg/planner/plan"
)

// Job is what is remembered of a job.
type Job struct {
	ID   string `msgpack:"i"`
	Name string `msgpack:"n"`
	// SQL is the statement, Plan its plan in msgpack.
	SQL  string `msgpack:"q"`
	Plan []byte `msgpack:"p"`
	// Settings are the session's options when the job was made.
	Settings map[string]string `msgpack:"o,omitempty"`
	// DeadLetters are the tables that its sources send bad records to.
	DeadLetters map[string]plan.TableRef `msgpack:"d,omitempty"`
	Parallelism int                      `msgpack:"l"`
	KeyGroups   int                      `msgpack:"g"`
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
	// Savepoint is where the last one lies.
	Savepoint string `msgpack:"sp,omitempty"`
	// NowMillis is the processing time of the first start.
	NowMillis int64 `msgpack:"t,omitempty"`
}

// PutJob stores a job under its ID.
func (s *Store) PutJob(j Job) error { return s.put(jobKind+j.ID, j) }

// DeleteJob forgets a job.
func (s *Store) DeleteJob(id string) error { return s.delete(jobKind + id) }

// Jobs lists all jobs in order of their IDs.
func (s *Store) Jobs() ([]Job, error) { return list[Job](s, jobKind) }

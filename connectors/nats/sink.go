package nats

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// sink is the writing side of one table.
type sink struct {
	*layout
	subject string
	once    bool
	// stored are the columns in messages; subjectColumn and headerColumn are the
	// writable metadata, -1 for none.
	storedAt      []int
	subjectColumn int
	headerColumn  int
}

var _ connector.Sink = (*sink)(nil)

func newSink(l *layout) (*sink, error) {
	s := &sink{layout: l, once: l.table.Options.String(optionGuarantee) == deliverOnce, subjectColumn: -1, headerColumn: -1}
	if l.table.Options.String(optionMode) == modeCore {
		return nil, errs.Unsupportedf("table '%s': rows are published to JetStream only, not in 'mode' = 'core'", l.table.Name)
	}
	for i, f := range l.table.Schema {
		switch key, metadata := l.table.Metadata[f.Name]; {
		case !metadata:
			s.storedAt = append(s.storedAt, i)
		case key == metaSubject && !l.records.Upsert:
			s.subjectColumn = i
		case key == metaHeaders:
			s.headerColumn = i
		default:
			return nil, errs.Userf("table '%s': the METADATA column '%s' can't be written", l.table.Name, f.Name).
				WithHint("declare it VIRTUAL, or leave it out")
		}
	}
	if s.subjectColumn >= 0 {
		return s, nil
	}
	if len(l.subjects) != 1 {
		return nil, errs.Userf("table '%s': writing needs one subject, and the option 'subject' names %d", l.table.Name, len(l.subjects)).
			WithHint("or give each row its own with a METADATA column FROM 'subject'")
	}
	s.subject = l.subjects[0]
	return s, s.checkSubject(s.subject)
}

// Mode implements connector.Sink.
func (s *sink) Mode() connector.SinkMode { return s.records.Changes() }

// Guarantee implements connector.Sink.
func (s *sink) Guarantee() connector.Guarantee {
	if s.once {
		return connector.ExactlyOnce
	}
	return connector.AtLeastOnce
}

// Prompt implements connector.Prompter: subscribers wait for the messages.
func (s *sink) Prompt() bool { return s.once }

// Writer implements connector.Sink.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, restored [][]byte) (connector.Writer, error) {
	rows, err := newRows(s, env)
	if err != nil {
		return nil, err
	}
	if s.once {
		return &bufferedWriter{sink: s, rows: rows, job: env.Job, task: env.Task}, nil
	}
	return newDirectWriter(s, rows, env, restored)
}

// Committer implements connector.Sink.
func (s *sink) Committer(context.Context) (connector.Committer, error) {
	if !s.once {
		return idle{}, nil
	}
	return &committer{sink: s}, nil
}

// idle is the committer of a sink that shows rows at once.
type idle struct{}

var _ connector.Committer = idle{}

// Commit implements connector.Committer.
func (idle) Commit(context.Context, uint64, [][]byte) error { return nil }

// Recover implements connector.Committer.
func (idle) Recover(context.Context, string) error { return nil }

// Close implements connector.Committer.
func (idle) Close() error { return nil }

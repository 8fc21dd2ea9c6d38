package engine

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/errs"
)

// ResultKind tells what a statement gave.
type ResultKind uint8

// The kinds of result.
const (
	// ResultOK is a statement that only did something; Message says what.
	ResultOK ResultKind = iota
	// ResultRows is a SELECT (Rows with a Job behind) or a SHOW or DESCRIBE
	// (constant Rows).
	ResultRows
	// ResultJob is an INSERT or a statement set; Job runs on by itself.
	ResultJob
	// ResultText is EXPLAIN or SHOW CREATE; Message is the text.
	ResultText
)

// String gives the kind's lower-case name.
func (k ResultKind) String() string {
	names := [...]string{"ok", "rows", "job", "text"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("result(%d)", uint8(k))
}

// Result is what one statement of a script gave.
type Result struct {
	Kind ResultKind
	// Span is the statement's place in the script, Statement its text.
	Span      errs.Span
	Statement string
	// Message is one line for ResultOK, and the text of ResultText.
	Message string
	// Warnings are for the user to see; an unknown SET option gives one.
	Warnings []string
	// Rows is set for ResultRows; the caller must Close it.
	Rows *Rows
	// Job is set for ResultJob and for the ResultRows of a SELECT.
	Job *Job
}

// Render formats err for a person: with line, column and the underlined text of
// the script where the error has a place in it. name is the script's name, or
// empty.
func Render(err error, name, script string) string { return errs.Render(err, name, script) }

// Package errs holds Thalweg's error classes. An error's class is decided where
// the error is born and never guessed later from its text: the REST layer maps
// classes to status codes and the CLI maps them to exit codes.
//
// Errors about a piece of SQL carry a [Span] and can be rendered with the line
// underlined by [Render].
package errs

import (
	"errors"
	"fmt"
)

// Class tells who can mend an error.
type Class uint8

// The five classes.
const (
	// Bug is the class of an error that says nothing else of itself: a broken
	// invariant of ours.
	Bug Class = iota
	// User is a mistake in what the user wrote or supplied: SQL, options, data.
	User
	// Unsupported is a valid request for something Thalweg does not do (yet).
	Unsupported
	// Resource is a lack of something outside: disk, memory, a file, a peer.
	Resource
	// Corruption is stored data that fails its checks.
	Corruption
)

// String gives the class's stable lower-case name.
func (c Class) String() string {
	switch c {
	case Bug:
		return "bug"
	case User:
		return "user"
	case Unsupported:
		return "unsupported"
	case Resource:
		return "resource"
	case Corruption:
		return "corruption"
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// Error is an error with a class, and optionally the span of SQL text it is
// about and a remedy.
type Error struct {
	// Class tells who can mend it.
	Class Class
	// Message says what is wrong, and where, in one sentence without a full stop.
	Message string
	// Hint says how to mend it; empty when Message already does.
	Hint string
	// Span is the SQL text the error points at; the zero Span means none.
	Span Span
	// Cause is the wrapped error, or nil.
	Cause error
}

// Error renders message, cause and hint on one line, without the SQL text.
func (e *Error) Error() string {
	s := e.Message
	if e.Cause != nil {
		if s != "" {
			s += ": "
		}
		s += e.Cause.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Newf makes an error of class c.
func Newf(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Message: fmt.Sprintf(format, args...)}
}

// Userf makes an error of class User.
func Userf(format string, args ...any) *Error { return Newf(User, format, args...) }

// Unsupportedf makes an error of class Unsupported.
func Unsupportedf(format string, args ...any) *Error { return Newf(Unsupported, format, args...) }

// Resourcef makes an error of class Resource.
func Resourcef(format string, args ...any) *Error { return Newf(Resource, format, args...) }

// Corruptionf makes an error of class Corruption.
func Corruptionf(format string, args ...any) *Error { return Newf(Corruption, format, args...) }

// Bugf makes an error of class Bug.
func Bugf(format string, args ...any) *Error { return Newf(Bug, format, args...) }

// At returns e pointing at span; e is changed in place.
func (e *Error) At(span Span) *Error {
	e.Span = span
	return e
}

// WithHint returns e with a remedy; e is changed in place.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Wrap adds context to err once at a boundary (a job, a node, a file) and keeps
// its class and span. A nil err gives nil; an err without a class gets c.
func Wrap(c Class, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	e := &Error{Class: c, Message: fmt.Sprintf(format, args...), Cause: err}
	var inner *Error
	if errors.As(err, &inner) {
		e.Class, e.Span = inner.Class, inner.Span
	}
	return e
}

// ClassOf returns the class of the outermost Error in err's chain; an error with
// none is a Bug. It must not be called with nil.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Bug
}

// SpanOf returns the span of err, or the zero Span.
func SpanOf(err error) Span {
	var e *Error
	for errors.As(err, &e) {
		if e.Span != (Span{}) {
			return e.Span
		}
		err = e.Cause
	}
	return Span{}
}

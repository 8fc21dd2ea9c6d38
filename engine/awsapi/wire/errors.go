package wire

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/thalweg/thalweg/internal/errs"
)

// The codes that every service has.
const (
	CodeSerialization    = "SerializationException"
	CodeValidation       = "ValidationException"
	CodeUnknownOperation = "UnknownOperationException"
	CodeInternalFailure  = "InternalFailureException"
)

// Error is an error of the API: SDKs turn Code into a typed exception.
type Error struct {
	Code    string
	Message string
	Status  int
}

// Error gives code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error that answers with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// errorOf gives the API's form of any error. Errors that are not of the API are
// the server's fault: SDKs retry them.
func errorOf(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errs.ClassOf(err) == errs.User {
		return Errorf("InvalidArgumentException", "%s", err)
	}
	return &Error{Code: CodeInternalFailure, Message: err.Error(), Status: http.StatusInternalServerError}
}

// errorBody is an error's body. Services differ in how they spell the message's
// member; clients accept both.
type errorBody struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	Upper   string `json:"Message"`
}

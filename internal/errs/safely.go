package errs

import "runtime/debug"

// Safely calls do and turns a panic in it into an error of class Bug that names
// what was done, with the stack. It stands where code that may be wrong (a reader, a
// connector, a function of the user) runs on a goroutine whose panic would end the
// process.
func Safely(what string, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Bugf("%s panicked: %v\n%s", what, r, debug.Stack())
		}
	}()
	return do()
}

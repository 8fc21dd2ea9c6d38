// Package wire is the protocol that the AWS-compatible services share: one POST a
// call, the action named by the X-Amz-Target header, bodies in JSON 1.1 or CBOR,
// errors by name, event streams, and Signature Version 4. It knows no service.
//
// A service is a value: a table of actions, each a plain function from an input
// struct to an output struct. The struct's `json` tags are the members' names in
// both encodings, its `aws` tags the constraints that a request must meet
// (validate.go). What clients depend on and the public documentation does not say
// is written where it is done.
package wire

package plan

import (
	"bytes"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

// Encode gives the plan as msgpack; equal plans give equal bytes.
func (p *Plan) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := msgpack.NewEncoder(&b)
	e.SetSortMapKeys(true)
	err := e.Encode(p)
	return b.Bytes(), errs.Wrap(errs.Bug, err, "encoding a plan")
}

// Decode reads what Encode wrote and validates it. Bytes that are no plan are of
// class corruption, a plan of a newer format is unsupported.
func Decode(b []byte) (*Plan, error) {
	var p Plan
	if err := msgpack.Unmarshal(b, &p); err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "decoding a plan")
	}
	if err := p.Validate(); err != nil {
		if errs.ClassOf(err) == errs.Unsupported {
			return nil, err
		}
		return nil, &errs.Error{Class: errs.Corruption, Message: "decoding a plan", Cause: err}
	}
	return &p, nil
}

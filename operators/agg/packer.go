package agg

import (
	"bytes"

	"github.com/vmihailenco/msgpack/v5"
)

// packer turns values into msgpack and back, one at a time, with memory of its own.
type packer struct {
	out     bytes.Buffer
	in      bytes.Reader
	encoder *msgpack.Encoder
	decoder *msgpack.Decoder
}

func newPacker() *packer {
	p := &packer{}
	p.encoder, p.decoder = msgpack.NewEncoder(&p.out), msgpack.NewDecoder(&p.in)
	return p
}

// pack appends v to dst.
func (p *packer) pack(dst []byte, v any) ([]byte, error) {
	p.out.Reset()
	err := p.encoder.Encode(v)
	return append(dst, p.out.Bytes()...), err
}

// unpack reads what pack wrote into v.
func (p *packer) unpack(data []byte, v any) error {
	p.in.Reset(data)
	p.decoder.ResetReader(&p.in)
	return p.decoder.Decode(v)
}

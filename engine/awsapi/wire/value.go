package wire

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Timestamp is a time of the API with millisecond precision: epoch seconds with a
// fraction in JSON, tag 1 with epoch milliseconds in CBOR (which is not what RFC
// 8949 says of tag 1, but what AWS and its SDKs do).
type Timestamp struct{ time.Time }

// timestampTag is CBOR's tag of epoch times.
const timestampTag = 1

// secondsMax is how far a time may be from 1970.
const secondsMax = 1e11

// NewTimestamp makes a pointer, as optional members need.
func NewTimestamp(t time.Time) *Timestamp { return &Timestamp{t} }

// MarshalJSON writes plain decimal seconds: SDKs refuse exponents.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	millis := t.UnixMilli()
	return fmt.Appendf(nil, "%d.%03d", millis/1000, millis%1000), nil
}

// UnmarshalJSON reads seconds, as a number of any form.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	seconds, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(seconds) > secondsMax {
		return fmt.Errorf("%s is no timestamp of epoch seconds", b)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// MarshalCBOR writes tagged milliseconds.
func (t Timestamp) MarshalCBOR() ([]byte, error) {
	return cbor.Marshal(cbor.Tag{Number: timestampTag, Content: t.UnixMilli()})
}

// UnmarshalCBOR reads milliseconds, tagged or not.
func (t *Timestamp) UnmarshalCBOR(b []byte) error {
	var tag cbor.RawTag
	content := b
	if err := cbor.Unmarshal(b, &tag); err == nil {
		content = tag.Content
	}
	var millis float64
	if err := cbor.Unmarshal(content, &millis); err != nil {
		return fmt.Errorf("no timestamp of epoch milliseconds: %w", err)
	}
	if !(math.Abs(millis) <= secondsMax*1000) { // neither is what is no number
		return fmt.Errorf("%g is no timestamp of epoch milliseconds", millis)
	}
	t.Time = time.UnixMilli(int64(millis)).UTC()
	return nil
}

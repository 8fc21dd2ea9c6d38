package kinesis

import (
	"slices"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/internal/errs"
)

// attributesKey is where a stream keeps what only this API knows of it.
const attributesKey = "kinesis"

// attributesVersion is the format of attributes. 1: the first.
const attributesVersion = 1

// attributes are a stream's properties that the log itself does not need.
type attributes struct {
	Version   int        `msgpack:"v"`
	Consumers []consumer `msgpack:"c,omitempty"`
	// Metrics are the shard-level metrics asked for; they are flags only.
	Metrics []string `msgpack:"m,omitempty"`
	// KeyID is set while the stream is said to be encrypted.
	KeyID string `msgpack:"k,omitempty"`
	// Policies are resource policies by consumer name, the stream's own under "".
	Policies map[string]string `msgpack:"p,omitempty"`
	// RecordKiB bounds records; 0 means the default.
	RecordKiB int64 `msgpack:"r,omitempty"`
	// WarmMiBps is the throughput that an on-demand stream was warmed up for.
	WarmMiBps int64 `msgpack:"w,omitempty"`
	// AutoKeys spreads records whatever their partition keys are.
	AutoKeys bool `msgpack:"d,omitempty"`
	// Channels deliver the stream elsewhere.
	Channels []channel `msgpack:"h,omitempty"`
}

// consumer is a registered consumer of enhanced fan-out.
type consumer struct {
	Name          string            `msgpack:"n"`
	CreatedMillis int64             `msgpack:"c"`
	Tags          map[string]string `msgpack:"t,omitempty"`
}

// defaultRecordKiB is the largest record of a stream that says nothing else.
const defaultRecordKiB = 1024

func (a *attributes) recordKiB() int64 {
	if a.RecordKiB == 0 {
		return defaultRecordKiB
	}
	return a.RecordKiB
}

// encryption is the EncryptionType of answers.
func (a *attributes) encryption() string {
	if a.KeyID != "" {
		return "KMS"
	}
	return "NONE"
}

// distribution is the RecordDistributionStrategy of answers.
func (a *attributes) distribution() string {
	if a.AutoKeys {
		return "AUTO"
	}
	return "USER_PARTITION_KEY"
}

// consumer finds a consumer by name, or -1.
func (a *attributes) consumer(name string) int {
	return slices.IndexFunc(a.Consumers, func(c consumer) bool { return c.Name == name })
}

// attributesOf gives a stream's attributes, which nobody may change: they are
// decoded once.
func attributesOf(st *shardlog.Stream) (*attributes, error) {
	a, err := st.Decoded(attributesKey, func(all shardlog.Annotations) (any, error) { return readAttributes(all) })
	if err != nil {
		return nil, err
	}
	return a.(*attributes), nil
}

// readAttributes decodes a stream's attributes.
func readAttributes(from shardlog.Annotations) (*attributes, error) {
	a := &attributes{Version: attributesVersion}
	raw, ok := from.Extra[attributesKey]
	if !ok {
		return a, nil
	}
	if err := msgpack.Unmarshal(raw, a); err != nil || a.Version != attributesVersion {
		return nil, errs.Corruptionf("a stream's attributes can't be read (version %d)", a.Version)
	}
	return a, nil
}

// update changes a stream's attributes; change may refuse.
func update(st *shardlog.Stream, change func(*attributes, *shardlog.Annotations) error) error {
	return st.Annotate(func(all *shardlog.Annotations) error {
		a, err := readAttributes(*all)
		if err != nil {
			return err
		}
		if err := change(a, all); err != nil {
			return err
		}
		return a.write(all)
	})
}

// write encodes the attributes into a stream's annotations.
func (a *attributes) write(to *shardlog.Annotations) error {
	raw, err := msgpack.Marshal(a)
	if err != nil {
		return errs.Wrap(errs.Bug, err, "encoding a stream's attributes")
	}
	if to.Extra == nil {
		to.Extra = map[string][]byte{}
	}
	to.Extra[attributesKey] = raw
	to.Spread = to.Spread || a.AutoKeys
	return nil
}

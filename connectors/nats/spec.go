package nats

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
)

// Metadata keys.
const (
	metaSubject  = "subject"
	metaSequence = "sequence"
	metaTime     = "timestamp"
	metaHeaders  = "headers"
)

// Option names.
const (
	optionURL       = "url"
	optionMode      = "mode"
	optionStream    = "stream"
	optionSubject   = "subject"
	optionQueue     = "queue-group"
	optionStartup   = "scan.startup.mode"
	optionMillis    = "scan.startup.timestamp-millis"
	optionSequence  = "scan.startup.sequence"
	optionBounded   = "scan.bounded.mode"
	optionGuarantee = "sink.delivery-guarantee"
	optionBuffer    = "sink.buffer-size"
	optionTimeout   = "timeout"
	optionUser      = "user"
	optionPassword  = "password"
	optionToken     = "token"
	optionCreds     = "credentials-file"
)

// Values of options.
const (
	modeJetStream = "jetstream"
	modeCore      = "core"

	startEarliest  = "earliest"
	startLatest    = "latest"
	startTimestamp = "timestamp"
	startSequence  = "sequence"

	boundNever  = "unbounded"
	boundLatest = "latest"

	deliverOnce  = "exactly-once"
	deliverTwice = "at-least-once"
)

func ownOptions() []connector.OptionSpec {
	return append([]connector.OptionSpec{
		{Name: optionURL, Type: connector.TypeString, Default: "nats://127.0.0.1:4222", Example: "nats://a:4222,nats://b:4222",
			Doc: "The servers, parted by commas."},
		{Name: optionMode, Type: connector.TypeEnum, Default: modeJetStream, Values: []string{modeJetStream, modeCore}, Example: modeCore,
			Doc: "jetstream reads and writes a stream; core subscribes to subjects, at most once."},
		{Name: optionStream, Type: connector.TypeString, Example: "ORDERS",
			Doc: "The JetStream stream to read. Needed for reading in mode jetstream."},
		{Name: optionSubject, Type: connector.TypeList, Example: "orders.eu.*;orders.us.*",
			Doc: "Reading, the subjects to take, wildcards allowed, each a split of its own; without it, all of the stream. Writing, the one subject to publish to."},
		{Name: optionQueue, Type: connector.TypeString, Example: "workers",
			Doc: "In mode core, share the subjects' messages with all readers of this queue group."},
		{Name: optionStartup, Type: connector.TypeEnum, Default: startEarliest, Example: startLatest,
			Values: []string{startEarliest, startLatest, startTimestamp, startSequence},
			Doc:    "Where a new job starts to read. A job that goes on from a checkpoint goes on where it was."},
		{Name: optionMillis, Type: connector.TypeBigInt, Example: "1700000000000",
			Doc: "For `timestamp`: start with the first message that was stored at this time or later, in milliseconds since 1970."},
		{Name: optionSequence, Type: connector.TypeBigInt, Example: "1001",
			Doc: "For `sequence`: start with this stream sequence number."},
		{Name: optionBounded, Type: connector.TypeEnum, Default: boundNever, Example: boundLatest, Values: []string{boundNever, boundLatest},
			Doc: "Where reading ends: never, or at the newest message there was when the job started."},
		{Name: optionGuarantee, Type: connector.TypeEnum, Default: deliverTwice, Example: deliverOnce, Values: []string{deliverOnce, deliverTwice},
			Doc: "at-least-once publishes rows at once; exactly-once at each checkpoint, once as long as a failed commit is repeated within the stream's duplicate window."},
		{Name: optionBuffer, Type: connector.TypeMemorySize, Default: "64 mb", Example: "256 mb",
			Doc: "For exactly-once: the most bytes of a task's rows between two checkpoints."},
	}, connectionOptions()...)
}

func connectionOptions() []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: optionTimeout, Type: connector.TypeDuration, Default: "5 s", Example: "10 s",
			Doc: "How long connecting and single requests may take."},
		{Name: optionUser, Type: connector.TypeString, Example: "app", Doc: "The user name."},
		{Name: optionPassword, Type: connector.TypeString, Example: "secret", Doc: "The user's password."},
		{Name: optionToken, Type: connector.TypeString, Example: "secret", Doc: "A token instead of user and password."},
		{Name: optionCreds, Type: connector.TypeString, Example: "/etc/nats/app.creds", Doc: "A file with a JWT and its key."},
	}
}

func metadataSpecs() []connector.MetadataSpec {
	return []connector.MetadataSpec{
		{Key: metaSubject, Type: types.StringType(), Doc: "The message's subject. Writing, the subject to publish the row to."},
		{Key: metaSequence, Type: types.Of(types.BigInt), Doc: "The message's number in its stream; NULL in mode core."},
		{Key: metaTime, Type: types.TimestampLTZOf(3), Doc: "When the message was stored; in mode core, when it was received."},
		{Key: metaHeaders, Type: types.MapOf(types.StringType(), types.StringType()),
			Doc: "The message's headers, the first value of each. Writing, the headers to give it."},
	}
}

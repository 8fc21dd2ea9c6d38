package nats

import (
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// An upsert's key is what follows the table's subject: a stream that keeps one
// message a subject holds the newest row of each key, as a bucket of NATS' key-value
// store does. What can't stand in a subject is percent-encoded.

// A message without data that deletes bears the header that such a bucket wants.
const (
	headerOperation = "KV-Operation"
	operationDelete = "DEL"
)

// checkUpsert checks what only tables of upserts want.
func (l *layout) checkUpsert() error {
	o := l.table.Options
	if o.String(optionMode) == modeCore || o.Given(optionQueue) {
		return errs.Unsupportedf("table '%s': upserts are read from JetStream only, not in 'mode' = 'core'", l.table.Name)
	}
	if len(l.subjects) != 1 {
		return errs.Userf("table '%s': the option 'subject' gives the one subject that keys follow", l.table.Name).
			WithHint("for example 'subject' = 'orders' for the messages of 'orders.KEY'")
	}
	for column, key := range l.table.Metadata {
		if key == metaHeaders && l.table.Schema.Index(column) >= 0 {
			return errs.Userf("table '%s': column '%s': upserts have no metadata '%s'", l.table.Name, column, key)
		}
	}
	return l.checkSubject(l.subjects[0])
}

// checkSubject reports whether a row can be published to a subject.
func (l *layout) checkSubject(subject string) error {
	if subject == "" || strings.ContainsAny(subject, " \t\r\n*>") || strings.HasPrefix(subject, ".") ||
		strings.HasSuffix(subject, ".") || strings.Contains(subject, "..") {
		return errs.Userf("table '%s': nothing can be published to the subject %q", l.table.Name, subject).
			WithHint("a subject is words parted by dots, without wildcards or blanks")
	}
	return nil
}

const hexDigits = "0123456789ABCDEF"

// appendKey appends a key as words of a subject.
func appendKey(dst, key []byte) []byte {
	for i, c := range key {
		dot := c == '.' && i > 0 && i < len(key)-1 && key[i-1] != '.' // words are not empty
		if dot || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '=' || c == '/' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// keyOf appends the key that a subject's words after prefix say, undoing appendKey.
func keyOf(dst []byte, prefix, subject string) []byte {
	text := strings.TrimPrefix(subject[min(len(prefix), len(subject)):], ".")
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			high, low := unhex(text[i+1]), unhex(text[i+2])
			if high >= 0 && low >= 0 {
				dst = append(dst, byte(high<<4|low))
				i += 2
				continue
			}
		}
		dst = append(dst, text[i])
	}
	return dst
}

func unhex(c byte) int {
	return strings.IndexByte(hexDigits, strings.ToUpper(string(rune(c)))[0])
}

// tombstone is the header of a message that deletes.
func tombstone() nats.Header { return nats.Header{headerOperation: []string{operationDelete}} }

// upsertOptions are the own options of the connector of upserts.
func upsertOptions() []connector.OptionSpec {
	options := ownOptions()
	for i := range options {
		if o := &options[i]; o.Name == optionSubject {
			o.Type, o.Example, o.Required = connector.TypeList, "orders", true
			o.Doc = "The subject that keys follow: the row with the key `7` is in the messages of `orders.7`. `$KV.BUCKET` is a bucket of the key-value store."
		}
	}
	return options
}

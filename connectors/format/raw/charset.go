package raw

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// charset is the encoding of texts; the zero value is UTF-8.
type charset struct {
	// encoding is nil for UTF-8.
	encoding encoding.Encoding
	// wide encodings have bytes of line ends within other characters.
	wide bool
}

// charsetOf finds an encoding by its name in IANA's registry, as Java does.
func charsetOf(o connector.Options) (charset, error) {
	name := strings.ToUpper(o.String(optionCharset))
	switch name {
	case "", "UTF-8", "UTF8":
		return charset{}, nil
	case "UTF-16": // in Java with a mark of the order, big-endian without one
		return charset{unicode.UTF16(unicode.BigEndian, unicode.UseBOM), true}, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		return charset{}, &connector.OptionError{Option: optionCharset, Value: true, Err: errs.Userf("there is no charset '%s'", o.String(optionCharset)).
			WithHint("write a name of IANA's, such as UTF-8, UTF-16LE, ISO-8859-1 or Shift_JIS")}
	}
	return charset{e, strings.HasPrefix(name, "UTF-16") || strings.HasPrefix(name, "UTF-32")}, nil
}

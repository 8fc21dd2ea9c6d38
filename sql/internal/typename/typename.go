// Package typename reads the text form of SQL types.
package typename

import (
	"slices"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// maxDepth is the deepest nesting of types.
const maxDepth = 100

// Parse reads one type at c, with NULL or NOT NULL after it.
func Parse(c *token.Cursor) (types.Type, error) { return parse(c, 0) }

func parse(c *token.Cursor, depth int) (types.Type, error) {
	if depth > maxDepth {
		return types.Type{}, token.TooDeep(c.Peek(), maxDepth)
	}
	t, err := base(c, depth)
	for err == nil {
		switch {
		case c.Accept("NOT", "NULL"):
			t.Nullable = false
		case c.Is("NULL") && t.Kind != types.Null && !c.PeekAt(1).Is("ON"):
			c.Next()
			t.Nullable = true
		case c.Accept("ARRAY"):
			t = types.ArrayOf(t)
		case c.Accept("MULTISET"):
			t = types.MultisetOf(t)
		default:
			return t, nil
		}
	}
	return t, err
}

// plain are the types without parameters.
var plain = map[string]types.Kind{
	"BOOLEAN": types.Boolean, "TINYINT": types.TinyInt, "SMALLINT": types.SmallInt, "INT": types.Int,
	"INTEGER": types.Int, "BIGINT": types.BigInt, "FLOAT": types.Float, "REAL": types.Float, "STRING": types.Varchar,
	"BYTES": types.Varbinary, "DATE": types.Date, "NULL": types.Null,
}

func base(c *token.Cursor, depth int) (types.Type, error) {
	word := c.Peek()
	if word.Kind != token.Word {
		return types.Type{}, c.Unexpected("a type")
	}
	if kind, ok := plain[word.Upper]; ok {
		c.Next()
		t := types.Of(kind)
		t.Nullable = kind != types.Null
		return t, nil
	}
	switch word.Upper {
	case "DOUBLE":
		c.Next()
		c.Accept("PRECISION")
		return types.Of(types.Double), nil
	case "DECIMAL", "DEC", "NUMERIC":
		c.Next()
		return decimal(c)
	case "CHAR", "CHARACTER", "VARCHAR", "BINARY", "VARBINARY":
		return sized(c)
	case "TIME", "TIMESTAMP", "TIMESTAMP_LTZ":
		return temporal(c)
	case "INTERVAL":
		c.Next()
		return interval(c)
	case "ARRAY", "MULTISET", "MAP", "ROW":
		return nested(c, depth)
	case "RAW", "VARIANT", "STRUCTURED", "ANY", "GEOMETRY", "BITMAP":
		return types.Type{}, errs.Unsupportedf("the type %s is not supported", word.Upper).At(word.Span())
	}
	return types.Type{}, unknown(word)
}

// unknown says that word is no type and names the nearest.
func unknown(word token.Token) error {
	names := []string{"DECIMAL", "CHAR", "VARCHAR", "BINARY", "VARBINARY", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ",
		"INTERVAL", "ARRAY", "MULTISET", "MAP", "ROW", "DOUBLE"}
	for name := range plain {
		names = append(names, name)
	}
	err := errs.Userf("unknown type %s", word.Describe()).At(word.Span())
	known := map[string]string{"TEXT": "STRING", "BLOB": "BYTES", "DATETIME": "TIMESTAMP(3)", "BOOL": "BOOLEAN", "LONG": "BIGINT",
		"TIMESTAMPTZ": "TIMESTAMP_LTZ", "INT64": "BIGINT", "INT32": "INT", "BYTEA": "BYTES", "JSON": "STRING", "UUID": "STRING"}
	if other, ok := known[word.Upper]; ok {
		return err.WithHint("write %s", other)
	}
	slices.Sort(names)
	if near := errs.Nearest(word.Text, names); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err
}

// bounds are the least and the greatest value of a type's parameter, and how
// messages call it.
type bounds struct {
	what            string
	least, greatest int
}

// number reads an integer within bounds.
func number(c *token.Cursor, b bounds) (int, error) {
	t, err := c.Value(token.Number)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(t.Text)
	if err != nil || n < b.least || n > b.greatest {
		return 0, errs.Userf("the %s is %s, but must be between %d and %d", b.what, t.Text, b.least, b.greatest).At(t.Span())
	}
	return n, nil
}

// parenthesised reads (n) if it is there.
func parenthesised(c *token.Cursor, value *int, b bounds) error {
	if !c.Accept("(") {
		return nil
	}
	n, err := number(c, b)
	if err != nil {
		return err
	}
	*value = n
	return c.Expect(")")
}

func decimal(c *token.Cursor) (types.Type, error) {
	t := types.Of(types.Decimal)
	if !c.Accept("(") {
		return t, nil
	}
	var err error
	if t.Precision, err = number(c, bounds{"precision of DECIMAL", 1, types.MaxDecimalPrecision}); err != nil {
		return t, err
	}
	if c.Accept(",") {
		if t.Scale, err = number(c, bounds{"scale of DECIMAL", 0, t.Precision}); err != nil {
			return t, err
		}
	}
	return t, c.Expect(")")
}

func sized(c *token.Cursor) (types.Type, error) {
	word := c.Next()
	kind := map[string]types.Kind{"CHAR": types.Char, "CHARACTER": types.Char, "VARCHAR": types.Varchar,
		"BINARY": types.Binary, "VARBINARY": types.Varbinary}[word.Upper]
	if kind != types.Varchar && kind != types.Varbinary && c.Accept("VARYING") {
		kind++
	}
	t := types.Of(kind)
	if err := parenthesised(c, &t.Length, bounds{"length of " + kind.String(), 1, types.MaxLength}); err != nil {
		return t, err
	}
	if t.IsString() && c.Accept("CHARACTER", "SET") {
		return t, characterSet(c)
	}
	return t, nil
}

// characterSet reads the name of a character set. Flink prints `UTF-16LE` behind the
// types of texts; here as there it says nothing, since a text is Unicode.
func characterSet(c *token.Cursor) error {
	name := c.Peek()
	if name.Kind != token.Word && name.Kind != token.Quoted {
		return c.Unexpected("a character set")
	}
	c.Next()
	if !strings.HasPrefix(strings.ToUpper(name.Text), "UTF") {
		return errs.Unsupportedf("the character set %s is not supported", name.Text).At(name.Span()).WithHint("texts are Unicode: leave CHARACTER SET out")
	}
	return nil
}

func temporal(c *token.Cursor) (types.Type, error) {
	word := c.Next()
	kind := map[string]types.Kind{"TIME": types.Time, "TIMESTAMP": types.Timestamp, "TIMESTAMP_LTZ": types.TimestampLTZ}[word.Upper]
	t := types.Of(kind)
	if err := parenthesised(c, &t.Precision, bounds{"precision of " + kind.String(), 0, 9}); err != nil {
		return t, err
	}
	first := c.Index()
	switch {
	case c.Accept("WITHOUT"):
		return t, c.Expect("TIME", "ZONE")
	case kind == types.Timestamp && c.Accept("WITH", "LOCAL"):
		t.Kind = types.TimestampLTZ
		return t, c.Expect("TIME", "ZONE")
	case c.Accept("WITH", "TIME", "ZONE"):
		return t, errs.Unsupportedf("%s WITH TIME ZONE is not supported", kind).At(c.From(first)).
			WithHint("use TIMESTAMP_LTZ(%d)", t.Precision)
	}
	return t, nil
}

// interval reads the qualifier of an interval type; precisions are read and
// dropped, since values are whole months or milliseconds.
func interval(c *token.Cursor) (types.Type, error) {
	first := c.Peek()
	for fields := 1; ; fields++ {
		t := c.Peek()
		if !t.Is("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND") {
			return types.Type{}, c.Unexpected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")
		}
		c.Next()
		if err := fieldPrecision(c); err != nil {
			return types.Type{}, err
		}
		if fields == 2 || !c.Accept("TO") {
			return intervalKind(first, t)
		}
	}
}

// fieldPrecision reads (n) or (n, m) after a field of an interval and drops it.
func fieldPrecision(c *token.Cursor) error {
	if !c.Accept("(") {
		return nil
	}
	if _, err := number(c, bounds{"precision of INTERVAL", 0, 10}); err != nil {
		return err
	}
	if c.Accept(",") {
		if _, err := number(c, bounds{"precision of INTERVAL", 0, 9}); err != nil {
			return err
		}
	}
	return c.Expect(")")
}

func intervalKind(from, to token.Token) (types.Type, error) {
	fromMonths, toMonths := from.Is("YEAR", "MONTH"), to.Is("YEAR", "MONTH")
	switch {
	case fromMonths != toMonths:
		return types.Type{}, errs.Userf("INTERVAL %s TO %s mixes months and days", from.Upper, to.Upper).
			At(errs.Span{Start: from.Start, End: to.End})
	case fromMonths:
		return types.Of(types.IntervalYearMonth), nil
	}
	return types.Of(types.IntervalDayTime), nil
}

func nested(c *token.Cursor, depth int) (types.Type, error) {
	word := c.Next()
	if word.Upper == "ROW" {
		return row(c, depth)
	}
	if err := c.Expect("<"); err != nil {
		return types.Type{}, err
	}
	elem, err := parse(c, depth+1)
	if err != nil {
		return types.Type{}, err
	}
	var t types.Type
	switch word.Upper {
	case "ARRAY":
		t = types.ArrayOf(elem)
	case "MULTISET":
		t = types.MultisetOf(elem)
	default:
		if err := c.Expect(","); err != nil {
			return types.Type{}, err
		}
		value, err := parse(c, depth+1)
		if err != nil {
			return types.Type{}, err
		}
		t = types.MapOf(elem, value)
	}
	return t, c.Expect(">")
}

// row reads ROW<name type ['comment'], …> or ROW(…).
func row(c *token.Cursor, depth int) (types.Type, error) {
	closing := ">"
	if c.Accept("<>") {
		return types.RowOf(), nil
	}
	if c.Accept("(") {
		closing = ")"
	} else if err := c.Expect("<"); err != nil {
		return types.Type{}, err
	}
	var fields []types.Field
	for !c.Is(closing) || len(fields) > 0 {
		name, err := c.AnyName()
		if err != nil {
			return types.Type{}, err
		}
		t, err := parse(c, depth+1)
		if err != nil {
			return types.Type{}, err
		}
		if c.Peek().Kind == token.String {
			c.Next()
		}
		fields = append(fields, types.Field{Name: name.Text, Type: t})
		if !c.Accept(",") {
			break
		}
	}
	return types.RowOf(fields...), c.Expect(closing)
}

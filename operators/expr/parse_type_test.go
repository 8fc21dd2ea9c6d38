package expr

import (
	"strconv"

	"github.com/thalweg/thalweg/internal/types"
)

// typeName reads a type; it stops at `)` or the end.
func (p *parser) typeName() types.Type {
	t := p.baseType()
	if p.accept("NOT", "NULL") {
		t = t.NotNull()
	}
	return t
}

func (p *parser) baseType() types.Type {
	word := p.next()
	params := func(defaults ...int) []int {
		if !p.accept("(") {
			return defaults
		}
		for i := 0; !p.accept(")"); i++ {
			n, err := strconv.Atoi(p.next())
			if err != nil {
				p.fail("bad type parameter")
			}
			defaults[i] = n
			p.accept(",")
		}
		return defaults
	}
	switch word {
	case "STRING":
		return types.StringType()
	case "BYTES":
		return types.BytesType()
	case "DECIMAL":
		d := params(10, 0)
		return types.DecimalOf(d[0], d[1])
	case "CHAR", "VARCHAR", "BINARY", "VARBINARY":
		kinds := map[string]types.Kind{"CHAR": types.Char, "VARCHAR": types.Varchar, "BINARY": types.Binary, "VARBINARY": types.Varbinary}
		t := types.Of(kinds[word])
		t.Length = params(t.Length)[0]
		return t
	case "TIME":
		return types.TimeOf(params(0)[0])
	case "TIMESTAMP":
		return types.TimestampOf(params(6)[0])
	case "TIMESTAMP_LTZ":
		return types.TimestampLTZOf(params(6)[0])
	case "ARRAY", "MULTISET", "MAP", "ROW":
		return p.nestedType(word)
	case "INTERVAL":
		if p.accept("MONTH") || p.accept("YEAR", "TO", "MONTH") {
			return types.Of(types.IntervalYearMonth)
		}
		p.next()
		return types.Of(types.IntervalDayTime)
	case "INTEGER":
		return types.Of(types.Int)
	}
	for k := types.Null; k <= types.Row; k++ {
		if k.String() == word {
			return types.Of(k)
		}
	}
	p.fail("no type %s", word)
	return types.Type{}
}

func (p *parser) nestedType(word string) types.Type {
	p.expect("<")
	var t types.Type
	switch word {
	case "ARRAY":
		t = types.ArrayOf(p.typeName())
	case "MULTISET":
		t = types.MultisetOf(p.typeName())
	case "MAP":
		key := p.typeName()
		p.expect(",")
		t = types.MapOf(key, p.typeName())
	default:
		var fields []types.Field
		for {
			name := p.tokens[p.at]
			p.at++
			fields = append(fields, types.Field{Name: name, Type: p.typeName()})
			if !p.accept(",") {
				break
			}
		}
		t = types.RowOf(fields...)
	}
	p.expect(">")
	return t
}

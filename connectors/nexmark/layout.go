package nexmark

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// typeColumn is the column that tells an event's kind.
const typeColumn = "event_type"

// Fields of a person, in order.
const (
	personID = iota
	personName
	personEmail
	personCard
	personCity
	personState
	personTime
	personExtra
)

// Fields of an auction, in order.
const (
	auctionID = iota
	auctionItem
	auctionDescription
	auctionInitialBid
	auctionReserve
	auctionTime
	auctionExpires
	auctionSeller
	auctionCategory
	auctionExtra
)

// Fields of a bid, in order.
const (
	bidAuction = iota
	bidBidder
	bidPrice
	bidChannel
	bidURL
	bidTime
	bidExtra
)

const maxFields = auctionExtra + 1

// Schema is the whole row type of the table.
func Schema() types.Schema {
	long, text, time := types.Of(types.BigInt), types.StringType(), types.TimestampOf(3)
	row := func(fields ...types.Field) types.Type { return types.RowOf(fields...) }
	f := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	return types.Schema{
		f(typeColumn, types.Of(types.Int)),
		f(personKind.String(), row(f("id", long), f("name", text), f("emailAddress", text), f("creditCard", text),
			f("city", text), f("state", text), f("dateTime", time), f("extra", text))),
		f(auctionKind.String(), row(f("id", long), f("itemName", text), f("description", text), f("initialBid", long),
			f("reserve", long), f("dateTime", time), f("expires", time), f("seller", long), f("category", long),
			f("extra", text))),
		f(bidKind.String(), row(f("auction", long), f("bidder", long), f("price", long), f("channel", text),
			f("url", text), f("dateTime", time), f("extra", text))),
	}
}

// layout is a wanted schema, resolved: what the columns are, in order.
type layout struct {
	schema  types.Schema
	columns []layoutColumn
	// emit tells which kinds come out as rows.
	emit [kindCount]bool
}

// layoutColumn is event_type (kind == kindCount) or one event's ROW.
type layoutColumn struct {
	kind eventKind
	// fields lists the wanted fields of a ROW by number, in output order.
	fields []int
}

// newLayout resolves a schema: any of the four columns, ROWs with any of their
// fields. Names and types must match; the order is free.
func newLayout(schema types.Schema) (*layout, error) {
	l := &layout{schema: schema, emit: [kindCount]bool{true, true, true}}
	full := Schema()
	for _, column := range schema {
		at := full.Index(column.Name)
		if at < 0 {
			return nil, errs.Userf("nexmark: no column is called %s", types.QuoteIdent(column.Name)).
				WithHint("%s", hintFor(column.Name, full.Names()))
		}
		c := layoutColumn{kind: eventKind(at - 1)}
		if at == 0 {
			c.kind = kindCount
			if !sameType(column.Type, full[0].Type) {
				return nil, wrongType(column.Name, column.Type, full[0].Type)
			}
		} else if err := c.resolve(column, full[at].Type); err != nil {
			return nil, err
		}
		l.columns = append(l.columns, c)
	}
	return l, nil
}

func (c *layoutColumn) resolve(column types.Field, full types.Type) error {
	if column.Type.Kind != types.Row {
		return wrongType(column.Name, column.Type, full)
	}
	for _, f := range column.Type.Fields {
		at := full.FieldIndex(f.Name)
		if at < 0 {
			names := types.Schema(full.Fields).Names()
			return errs.Userf("nexmark: %s has no field %s", column.Name, types.QuoteIdent(f.Name)).
				WithHint("%s", hintFor(f.Name, names))
		}
		if !sameType(f.Type, full.Fields[at].Type) {
			return wrongType(column.Name+"."+f.Name, f.Type, full.Fields[at].Type)
		}
		c.fields = append(c.fields, at)
	}
	return nil
}

// sameType compares but for nullability, which a declaration may narrow.
func sameType(a, b types.Type) bool {
	return a.WithNullable(true).Equal(b.WithNullable(true))
}

func wrongType(name string, got, want types.Type) error {
	return errs.Userf("nexmark: column %s is declared %s", name, got).WithHint("it must be %s", want)
}

func hintFor(name string, known []string) string {
	if near := errs.Nearest(name, known); near != "" {
		return "did you mean " + types.QuoteIdent(near) + "?"
	}
	return "the names are " + strings.Join(known, ", ")
}

// isText reports whether a field is a STRING; the others are 64-bit numbers.
func isText(kind eventKind, field int) bool {
	switch kind {
	case personKind:
		return field != personID && field != personTime
	case auctionKind:
		return field == auctionItem || field == auctionDescription || field == auctionExtra
	}
	return field == bidChannel || field == bidURL || field == bidExtra
}

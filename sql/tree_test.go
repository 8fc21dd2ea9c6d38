package sql

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

var (
	placeType = reflect.TypeOf(Place{})
	typeType  = reflect.TypeOf(types.Type{})
)

// visitPlaces calls visit for each Place below v, with the span of the nearest node
// above it.
func visitPlaces(v reflect.Value, above errs.Span, visit func(place reflect.Value, above errs.Span)) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			visitPlaces(v.Elem(), above, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visitPlaces(v.Index(i), above, visit)
		}
	case reflect.Struct:
		if v.Type() == typeType || v.IsZero() {
			// An unset part, such as the variable of a pattern that is a sequence.
			return
		}
		own := above
		if f := v.FieldByName("Span"); f.IsValid() && v.Type() != placeType {
			own = f.Interface().(errs.Span)
		}
		for i := range v.NumField() {
			f := v.Field(i)
			if f.Type() == placeType {
				if !v.Type().Field(i).Anonymous && f.IsZero() {
					continue
				}
				visit(f, map[bool]errs.Span{true: above, false: own}[v.Type().Field(i).Anonymous])
				continue
			}
			visitPlaces(f, own, visit)
		}
	}
}

// clearSpans zeroes every span below v.
func clearSpans(v any) {
	visitPlaces(reflect.ValueOf(v), errs.Span{}, func(place reflect.Value, _ errs.Span) { place.SetZero() })
}

// checkSpans reports the first node below v without a span in text, or with one
// that its parent's does not cover.
func checkSpans(v any, text string) error {
	var err error
	whole := errs.Span{End: len(text)}
	visitPlaces(reflect.ValueOf(v), whole, func(place reflect.Value, above errs.Span) {
		span := place.Interface().(Place).Span
		if err == nil && (span.Start >= span.End || span.Start < above.Start || span.End > above.End) && above != (errs.Span{}) {
			err = fmt.Errorf("span %v is not within its parent's %v", span, above)
		}
	})
	return err
}

// dump writes a tree as indented text: each node's type, its plain fields, and
// the source it covers.
func dump(v any, text string) string {
	d := dumper{text: text}
	d.node(reflect.ValueOf(v), "", "")
	return d.b.String()
}

type dumper struct {
	b    strings.Builder
	text string
}

func (d *dumper) node(v reflect.Value, label, indent string) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			d.node(v.Elem(), label, indent)
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			d.node(v.Index(i), fmt.Sprintf("%s[%d]", label, i), indent)
		}
		return
	case reflect.Struct:
	default:
		return
	}
	if v.Type() == placeType || v.Type() == typeType {
		return
	}
	head := strings.TrimPrefix(label+" "+v.Type().Name(), " ")
	fmt.Fprintf(&d.b, "%s%s%s", indent, head, plainFields(v))
	if f := v.FieldByName("Span"); f.IsValid() {
		span := f.Interface().(errs.Span)
		fmt.Fprintf(&d.b, " «%s»", strings.Join(strings.Fields(d.text[span.Start:span.End]), " "))
	}
	d.b.WriteByte('\n')
	for i := range v.NumField() {
		d.node(v.Field(i), v.Type().Field(i).Name, indent+"  ")
	}
}

// plainFields lists a node's fields that are not nodes and not zero.
func plainFields(v reflect.Value) string {
	var b strings.Builder
	for i := range v.NumField() {
		f := v.Field(i)
		stringer, _ := f.Interface().(fmt.Stringer)
		isEnum := f.Kind() == reflect.Uint8 && stringer != nil && stringer.String() != ""
		if f.IsZero() && !isEnum || f.Type() == placeType {
			continue
		}
		switch x := f.Interface().(type) {
		case fmt.Stringer:
			if f.Kind() != reflect.Struct || f.Type() == typeType {
				fmt.Fprintf(&b, " %s=%s", v.Type().Field(i).Name, x)
			}
		case string, []byte:
			fmt.Fprintf(&b, " %s=%q", v.Type().Field(i).Name, x)
		case *string:
			fmt.Fprintf(&b, " %s=%q", v.Type().Field(i).Name, *x)
		case bool, int:
			fmt.Fprintf(&b, " %s=%v", v.Type().Field(i).Name, x)
		}
	}
	return b.String()
}

// roundTrip checks IDENTITY and SPAN for statements parsed from text.
func roundTrip(statements []Statement, text string) error {
	for _, s := range statements {
		if err := checkSpans(s, text); err != nil {
			return fmt.Errorf("%w in %s", err, Text(text, s))
		}
		printed := Format(s)
		again, err := Parse(printed)
		if err != nil {
			return fmt.Errorf("printed as\n%s\nwhich does not parse: %s", printed, errs.Render(err, "", printed))
		}
		if len(again) != 1 {
			return fmt.Errorf("printed as\n%s\nwhich is %d statements", printed, len(again))
		}
		clearSpans(s)
		clearSpans(again[0])
		if !reflect.DeepEqual(s, again[0]) {
			return fmt.Errorf("printed as\n%s\nwhich is another tree, printed as\n%s", printed, Format(again[0]))
		}
	}
	return nil
}

package bind

import (
	"maps"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// blockHints are the hints of a SELECT block: how long state about its tables is kept,
// in milliseconds by the name that the block calls them.
type blockHints struct {
	ttl map[string]int64
	// lookups are the LOOKUP hints in order.
	lookups []lookupHint
}

// joinHints are Flink's hints that choose how a join is executed.
var joinHints = []string{"BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"}

// blockHints reads the hints of a SELECT, which speak of the tables in its FROM.
func (b *Binder) blockHints(s *sql.Select) (blockHints, error) {
	var out blockHints
	tables := tableNames(s.From)
	for _, h := range s.Hints {
		switch {
		case h.Name == "STATE_TTL":
			if err := out.addTTL(h, tables); err != nil {
				return out, err
			}
		case h.Name == "LOOKUP":
			if err := out.addLookup(h, tables); err != nil {
				return out, err
			}
		case slices.Contains(joinHints, h.Name):
			for _, arg := range h.Args {
				if !slices.Contains(tables, arg.Text) {
					return out, unknownHinted(h, arg.Text, tables).At(arg.Pos())
				}
			}
			b.warn("the hint %s has no effect: every join keeps both sides by their keys", h.Name)
		case h.Name == "OPTIONS":
			return out, errs.Userf("the hint OPTIONS stands behind a table").At(h.Pos()).WithHint("FROM t /*+ OPTIONS('key' = 'value') */")
		default:
			b.warnUnknownHint(h)
		}
	}
	return out, nil
}

// warnUnknownHint tells of a hint that is passed over, as Flink passes over it.
func (b *Binder) warnUnknownHint(h sql.Hint) {
	if near := errs.Nearest(h.Name, append([]string{"STATE_TTL", "LOOKUP", "OPTIONS"}, joinHints...)); near != "" {
		b.warn("the hint %s is not known and has no effect; did you mean %s?", h.Name, near)
		return
	}
	b.warn("the hint %s is not known and has no effect", h.Name)
}

// addTTL reads STATE_TTL('table' = 'duration', …).
func (x *blockHints) addTTL(h sql.Hint, tables []string) error {
	if len(h.Options) == 0 {
		return errs.Userf("STATE_TTL says for which table state is kept how long").At(h.Pos()).WithHint("STATE_TTL('orders' = '1 d', 'payments' = '6 h')")
	}
	if x.ttl == nil {
		x.ttl = map[string]int64{}
	}
	for _, o := range h.Options {
		if !slices.Contains(tables, o.Key) {
			return unknownHinted(h, o.Key, tables).At(o.Pos())
		}
		if _, twice := x.ttl[o.Key]; twice {
			return errs.Userf("STATE_TTL of %s is given twice", o.Key).At(o.Pos())
		}
		d, err := Duration(o.Value)
		if err != nil {
			return at(err, o.ValuePlace.Span)
		}
		x.ttl[o.Key] = d.Milliseconds()
	}
	return nil
}

func unknownHinted(h sql.Hint, name string, tables []string) *errs.Error {
	err := errs.Userf("the hint %s names %s, which is not in FROM", h.Name, name)
	if near := errs.Nearest(name, tables); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	if len(tables) == 0 {
		return err.WithHint("give the table an alias")
	}
	return err.WithHint("it may name %s", list(tables))
}

// of is how long state about a table of FROM is kept; nil is as long as the job says.
func (x blockHints) of(ref sql.TableRef) *int64 {
	if ms, ok := x.ttl[tableName(ref)]; ok {
		return &ms
	}
	return nil
}

// all is how long state about all tables of a FROM is kept, when that is one table.
func (x blockHints) all(from []sql.TableRef) *int64 {
	if len(from) != 1 {
		return nil
	}
	return x.of(from[0])
}

// tableNames lists what the tables of a FROM are called.
func tableNames(from []sql.TableRef) []string {
	names := map[string]bool{}
	for _, ref := range from {
		if j, ok := ref.(*sql.Join); ok {
			for _, name := range tableNames([]sql.TableRef{j.Left, j.Right}) {
				names[name] = true
			}
		} else if name := tableName(ref); name != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// tableName is what an element of FROM is called: its alias, or a table's name.
func tableName(ref sql.TableRef) string {
	alias := (*sql.Alias)(nil)
	switch ref := ref.(type) {
	case *sql.NamedTable:
		if ref.Alias == nil {
			return ref.Name.Last()
		}
		alias = ref.Alias
	case *sql.DerivedTable:
		alias = ref.Alias
	case *sql.TableFunction:
		alias = ref.Alias
	case *sql.MatchRecognize:
		alias = ref.Alias
	}
	if alias == nil {
		return ""
	}
	return alias.Name.Text
}

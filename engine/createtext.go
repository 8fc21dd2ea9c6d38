package engine

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
)

func quoteName(name string) string { return types.QuoteIdent(name) }

// shown is how SHOW CREATE names what has a key: with its database, if that is another
// than the session's.
func (st *statement) shown(key string) string {
	database, name := st.catalog.splitKey(key)
	if database == st.catalog.database {
		return quoteName(name)
	}
	return quoteName(database) + "." + quoteName(name)
}

// create begins a statement that declares something.
func create(temporary bool, what string) string {
	if temporary {
		return "CREATE TEMPORARY " + what + " "
	}
	return "CREATE " + what + " "
}

// createTableText prints the statement that declares t under a name, without its secrets.
func createTableText(t *catalog.Table, name string, temporary bool) string {
	return create(temporary, "TABLE") + name + " " + declaration(t, t.Options, redact.Option)
}

// declaration prints all of the statement that declares t that stands behind its name,
// with options as show has them.
func declaration(t *catalog.Table, options map[string]string, show func(key, value string) string) string {
	var items []string
	for _, c := range t.Columns {
		items = append(items, columnText(c))
	}
	if t.Watermark != nil {
		items = append(items, fmt.Sprintf("WATERMARK FOR %s AS %s", quoteName(t.Watermark.Column), t.Watermark.Expr))
	}
	if len(t.PrimaryKey) > 0 {
		items = append(items, "PRIMARY KEY ("+quoteNames(t.PrimaryKey)+") NOT ENFORCED")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "(\n  %s\n)", strings.Join(items, ",\n  "))
	if t.Comment != "" {
		b.WriteString(" COMMENT " + types.QuoteString(t.Comment))
	}
	if len(t.PartitionedBy) > 0 {
		b.WriteString("\nPARTITIONED BY (" + quoteNames(t.PartitionedBy) + ")")
	}
	if len(options) > 0 {
		b.WriteString(withText(options, show))
	}
	return b.String()
}

// withText prints a WITH clause, the options' values as show has them.
func withText(options map[string]string, show func(key, value string) string) string {
	var all []string
	for _, key := range sortedKeys(options) {
		all = append(all, types.QuoteString(key)+" = "+types.QuoteString(show(key, options[key])))
	}
	return "\nWITH (\n  " + strings.Join(all, ",\n  ") + "\n)"
}

func columnText(c catalog.Column) string {
	text := quoteName(c.Name)
	switch {
	case c.Computed != "":
		text += " AS " + c.Computed
	case c.Metadata != "":
		text += " " + c.Type.String() + " METADATA"
		if c.Metadata != c.Name {
			text += " FROM " + types.QuoteString(c.Metadata)
		}
		if c.Virtual {
			text += " VIRTUAL"
		}
	default:
		text += " " + c.Type.String()
	}
	if c.Comment != "" {
		text += " COMMENT " + types.QuoteString(c.Comment)
	}
	return text
}

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quoteName(n)
	}
	return strings.Join(quoted, ", ")
}

// createViewText prints the statement that declares v under a name.
func createViewText(v *catalog.View, name string, temporary bool) string {
	text := create(temporary, "VIEW") + name
	if len(v.Columns) > 0 {
		text += " (" + quoteNames(v.Columns) + ")"
	}
	if v.Comment != "" {
		text += " COMMENT " + types.QuoteString(v.Comment)
	}
	return text + " AS\n" + v.Query
}

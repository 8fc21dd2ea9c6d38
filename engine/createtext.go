package engine

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/redact"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
)

func quoteName(name string) string { return types.QuoteIdent(name) }

// createTableText prints the statement that declares t, without its secrets.
func createTableText(t *catalog.Table) string { return declaration(t, redact.Option) }

// declaration prints the statement that declares t, with options as show has them.
func declaration(t *catalog.Table, show func(key, value string) string) string {
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
	fmt.Fprintf(&b, "CREATE TABLE %s (\n  %s\n)", quoteName(t.Name), strings.Join(items, ",\n  "))
	if t.Comment != "" {
		b.WriteString(" COMMENT " + types.QuoteString(t.Comment))
	}
	if len(t.PartitionedBy) > 0 {
		b.WriteString("\nPARTITIONED BY (" + quoteNames(t.PartitionedBy) + ")")
	}
	if len(t.Options) > 0 {
		b.WriteString(withText(t.Options, show))
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

// createViewText prints the statement that declares v.
func createViewText(v *catalog.View) string {
	text := "CREATE VIEW " + quoteName(v.Name)
	if len(v.Columns) > 0 {
		text += " (" + quoteNames(v.Columns) + ")"
	}
	if v.Comment != "" {
		text += " COMMENT " + types.QuoteString(v.Comment)
	}
	return text + " AS\n" + v.Query
}

// Package docs_test keeps the user guide true: its generated parts are what the
// registries say, its SQL runs, its links lead somewhere and its commands exist.
package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/connectors/all"
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/functions/remote"
	"github.com/thalweg/thalweg/engine/functions/wasm"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

var rewrite = flag.Bool("rewrite", false, "write the generated parts of the user guide anew")

// root is the module's root as seen from here.
const root = "../../.."

// TestGeneratedParts compares what stands between `<!-- generated: NAME -->` and
// `<!-- end -->` with what the registries say.
func TestGeneratedParts(t *testing.T) {
	for _, part := range []struct {
		page, name string
		text       string
	}{
		{"connectors.md", "connectors", connectors(t)},
		{"connectors.md", "common options", optionTable(connector.CommonOptions())},
		{"connectors.md", "formats", formats()},
		{"sql.md", "functions", scalarFunctions()},
		{"sql.md", "aggregates", aggregates()},
		{"models.md", "providers", docsText(engine.ModelProviderDocs())},
		{"functions.md", "wasm options", optionsWithDefaults(wasm.Spec())},
		{"functions.md", "http options", optionsWithDefaults(remote.Spec())},
		{"operations.md", "settings", optionTable(engine.SettingsSpec().Options)},
		{"operations.md", "options without effect", flinkOptions()},
	} {
		path := filepath.Join(root, "docs", part.page)
		page := readText(t, path)
		head, rest, ok := strings.Cut(page, "<!-- generated: "+part.name+" -->\n")
		old, tail, closed := strings.Cut(rest, "<!-- end -->")
		if !ok || !closed {
			t.Fatalf("%s has no generated part %s", part.page, part.name)
		}
		if old == part.text {
			continue
		}
		if !*rewrite {
			t.Errorf("%s: the part %q is out of date: go test ./cmd/internal/docs -rewrite", part.page, part.name)
			continue
		}
		text := head + "<!-- generated: " + part.name + " -->\n" + part.text + "<!-- end -->" + tail
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// connectors renders the specs without the options of formats, which have sections
// of their own.
func connectors(t *testing.T) string {
	t.Helper()
	registry, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, doc := range registry.Docs() {
		doc.Spec.Options = slices.DeleteFunc(doc.Spec.Options, isFormatOption)
		b.WriteString(doc.Markdown() + "\n")
	}
	return b.String()
}

// isFormatOption reports an option that belongs to a format, such as
// `json.ignore-parse-errors`.
func isFormatOption(o connector.OptionSpec) bool {
	for _, doc := range format.Builtin().Docs() {
		if strings.HasPrefix(o.Name, doc.Spec.Name+".") {
			return true
		}
	}
	return false
}

func formats() string { return docsText(format.Builtin().Docs()) }

func docsText(docs []connector.Doc) string {
	var b strings.Builder
	for _, doc := range docs {
		b.WriteString(doc.Markdown() + "\n")
	}
	return b.String()
}

// optionsWithDefaults renders the options of a language of functions.
func optionsWithDefaults(spec connector.Spec) string {
	_, table, _ := strings.Cut(connector.Doc{Kind: "language", Spec: spec}.Markdown(), "\n| Option |")
	return "| Option |" + table
}

func optionTable(options []connector.OptionSpec) string {
	var b strings.Builder
	b.WriteString("| Option | Type | What it does | Example |\n|---|---|---|---|\n")
	for _, o := range options {
		doc := o.Doc
		if len(o.Values) > 0 {
			doc += " One of `" + strings.Join(o.Values, "`, `") + "`."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", o.Name, o.Type, cell(doc), cell(o.Example))
	}
	return b.String()
}

// flinkOptions lists the options of Flink without effect by their reasons.
func flinkOptions() string {
	names, reasons := map[string][]string{}, []string(nil)
	for _, o := range engine.FlinkOptions() {
		if names[o.Why] == nil {
			reasons = append(reasons, o.Why)
		}
		name := "`" + o.Name + "`"
		if strings.HasSuffix(o.Name, ".") {
			name = "`" + o.Name + "*`"
		}
		names[o.Why] = append(names[o.Why], name)
	}
	var b strings.Builder
	b.WriteString("| Why | Options |\n|---|---|\n")
	for _, why := range reasons {
		slices.Sort(names[why])
		fmt.Fprintf(&b, "| %s | %s |\n", cell(why), strings.Join(names[why], ", "))
	}
	return b.String()
}

// scalarFunctions lists the functions by family, operators included, each with one
// of its checked examples.
func scalarFunctions() string {
	var b strings.Builder
	family := ""
	for _, f := range expr.NewRegistry().Docs() {
		if f.Family != family {
			if family != "" {
				b.WriteString("\n")
			}
			family = f.Family
			title := strings.ToUpper(family[:1]) + family[1:]
			if family == "json" {
				title = "JSON"
			}
			fmt.Fprintf(&b, "### %s functions\n\n| Function | What it gives | Example |\n|---|---|---|\n", title)
		}
		example := ""
		if len(f.Examples) > 0 {
			example = code(f.Examples[0].SQL) + " → " + code(f.Examples[0].Result)
		}
		usage := code(f.Usage)
		if len(f.Aliases) > 0 {
			usage += ", also " + code(strings.Join(f.Aliases, ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", usage, cell(f.Doc), example)
	}
	return b.String()
}

func aggregates() string {
	var b strings.Builder
	b.WriteString("| Function | What it gives | Example |\n|---|---|---|\n")
	for _, f := range agg.NewRegistry().Functions() {
		syntax := f.Syntax
		if syntax == "" {
			syntax = f.Name
		}
		if len(f.Aliases) > 0 {
			syntax += ", also " + strings.Join(f.Aliases, ", ")
		}
		ex := f.Examples[0]
		fmt.Fprintf(&b, "| %s | %s | %s over %s → %s |\n", code(syntax), cell(f.Doc), code(ex.Call), code(strings.Join(ex.Input, "; ")), code(ex.Want))
	}
	return b.String()
}

// code makes text a code span of a table's cell, even where it holds back-quotes.
func code(s string) string {
	s = cell(s)
	if s == "" {
		return "(empty)"
	}
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

// cell keeps text from ending a table's cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}

func readText(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

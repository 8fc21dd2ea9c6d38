package connectortest

import (
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
)

// CheckDocs fails for every option without documentation, or whose example or
// default does not parse.
func CheckDocs(t testing.TB, docs []connector.Doc) {
	t.Helper()
	for _, d := range docs {
		if d.Spec.Doc == "" {
			t.Errorf("%s '%s' has no doc", d.Kind, d.Spec.Name)
		}
		seen := map[string]bool{}
		for _, o := range d.Spec.Options {
			if o.Doc == "" || o.Example == "" {
				t.Errorf("%s '%s': option '%s' lacks its doc or its example", d.Kind, d.Spec.Name, o.Name)
			}
			if seen[o.Name] {
				t.Errorf("%s '%s': option '%s' is listed twice", d.Kind, d.Spec.Name, o.Name)
			}
			seen[o.Name] = true
			alone := o
			alone.Required = false
			spec := connector.Spec{Name: d.Spec.Name, Options: []connector.OptionSpec{alone}}
			if o.Type == connector.TypeMapPrefix {
				continue
			}
			if err := spec.Validate(map[string]string{o.Name: o.Example}); err != nil {
				t.Errorf("%s '%s': the example does not parse: %v", d.Kind, d.Spec.Name, err)
			}
			if err := spec.Validate(nil); err != nil {
				t.Errorf("%s '%s': the default does not parse: %v", d.Kind, d.Spec.Name, err)
			}
		}
		for _, m := range d.Spec.Metadata {
			if m.Doc == "" {
				t.Errorf("%s '%s': metadata '%s' has no doc", d.Kind, d.Spec.Name, m.Key)
			}
		}
	}
}

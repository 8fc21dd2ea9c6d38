package engine_test

import (
	"strings"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

// TestOptionsAreWhole looks at the two tables of options: each has what the
// documentation needs, an example that is accepted, and no name is in both.
func TestOptionsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range engine.SettingsSpec().Options {
		if o.Doc == "" || o.Example == "" || seen[o.Name] {
			t.Errorf("%s lacks a description or an example, or is there twice", o.Name)
		}
		seen[o.Name] = true
		if warning, err := engine.CheckSetting(o.Name, o.Example); err != nil || warning != "" {
			t.Errorf("%s = %s: %s %v", o.Name, o.Example, warning, err)
		}
	}
	for _, o := range engine.FlinkOptions() {
		if o.Why == "" || seen[o.Name] {
			t.Errorf("%s has no reason, or is there twice", o.Name)
		}
		seen[o.Name] = true
		key := o.Name
		if strings.HasSuffix(key, ".") {
			key += "any"
		}
		if warning, err := engine.CheckSetting(key, "1"); err != nil || !strings.Contains(warning, key) {
			t.Errorf("%s: %s %v", key, warning, err)
		}
	}
}

func TestUnknownOptions(t *testing.T) {
	for key, hint := range map[string]string{
		"table.exec.state.tll": "table.exec.state.ttl", "pipeline.objekt-reuse": "pipeline.object-reuse",
	} {
		if _, err := engine.CheckSetting(key, "1"); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if warning, err := engine.CheckSetting("my.own", "1"); err != nil || !strings.Contains(warning, "docs/operations.md") {
		t.Errorf("my.own: %s %v", warning, err)
	}
}

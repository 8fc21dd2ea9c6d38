package engine

import "testing"

func TestModelProvidersAreDocumented(t *testing.T) {
	for _, doc := range ModelProviderDocs() {
		if doc.Spec.Doc == "" || len(doc.Spec.Options) == 0 {
			t.Errorf("provider %s says nothing", doc.Spec.Name)
		}
		for _, o := range doc.Spec.Options {
			if o.Doc == "" || o.Example == "" {
				t.Errorf("provider %s: option %s lacks a description or an example", doc.Spec.Name, o.Name)
			}
		}
		for _, m := range doc.Spec.Metadata {
			if m.Doc == "" {
				t.Errorf("provider %s: metadata %s lacks a description", doc.Spec.Name, m.Key)
			}
		}
	}
}

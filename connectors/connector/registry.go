package connector

import (
	"sort"

	"github.com/thalweg/thalweg/internal/errs"
)

// Registry is a set of connectors by name. It is a value that never changes: safe
// for any number of goroutines.
type Registry struct {
	connectors map[string]Connector
}

// NewRegistry makes a registry. Two connectors of one name are an error.
func NewRegistry(connectors ...Connector) (*Registry, error) {
	return (&Registry{}).With(connectors...)
}

// With gives a registry that holds more connectors.
func (r *Registry) With(more ...Connector) (*Registry, error) {
	all := make(map[string]Connector, len(r.connectors)+len(more))
	for name, c := range r.connectors {
		all[name] = c
	}
	for _, c := range more {
		name := c.Spec().Name
		if _, ok := all[name]; ok {
			return nil, errs.Userf("connector '%s' is registered twice", name)
		}
		all[name] = c
	}
	return &Registry{connectors: all}, nil
}

// Get finds a connector. An unknown name is a user error that names the nearest, or
// what stands in for a connector of Flink's.
func (r *Registry) Get(name string) (Connector, error) {
	if c, ok := r.connectors[name]; ok {
		return c, nil
	}
	e := errs.Userf("there is no connector '%s'", name)
	if hint := r.standIn(name); hint != "" {
		return nil, e.WithHint("%s", hint)
	}
	if nearest := errs.Nearest(name, r.Names()); nearest != "" {
		return nil, e.WithHint("did you mean '%s'?", nearest)
	}
	return nil, e.WithHint("there are %s", quoteList(r.Names()))
}

// Resolve finds the connector that options name with 'connector' and checks the
// other options by its spec.
func (r *Registry) Resolve(options map[string]string) (Connector, Options, error) {
	name, ok := options["connector"]
	if !ok {
		return nil, Options{}, errs.Userf("the table has no option 'connector'").WithHint("there are %s", quoteList(r.Names()))
	}
	c, err := r.Get(name)
	if err != nil {
		return nil, Options{}, &OptionError{Option: "connector", Value: true, Err: err}
	}
	rest := make(map[string]string, len(options))
	for k, v := range options {
		if k != "connector" {
			rest[k] = v
		}
	}
	spec := c.Spec()
	spec.Common = CommonOptions()
	parsed, err := spec.Parse(rest)
	return c, parsed, err
}

// Names lists the connectors in order.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.connectors))
	for name := range r.connectors {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Docs lists every connector's documentation in order.
func (r *Registry) Docs() []Doc {
	docs := make([]Doc, 0, len(r.connectors))
	for _, name := range r.Names() {
		docs = append(docs, Doc{Kind: "connector", Spec: r.connectors[name].Spec()})
	}
	return docs
}

package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/functions/model"
	"github.com/thalweg/thalweg/engine/meta"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/planner/catalog"
)

// sessionCatalog is what one statement sees: the session's temporary relations,
// then the engine's. It is a snapshot.
type sessionCatalog struct {
	relations map[string]catalog.Relation
	// databases are those there are besides the default one; database is where
	// names without one are looked up.
	databases map[string]bool
	database  string
	// snapshots tells that materialized views are read as they are now.
	snapshots bool
	parts     parts
	// called are the user functions, which are made ready as they are called.
	called *calledFunctions
}

// parts are the registries of an engine at one moment, and what it lends to
// connectors.
type parts struct {
	functions  *expr.Registry
	aggregates *agg.Registry
	connectors *connector.Registry
	models     model.Registry
	env        connector.Env
}

var (
	_ catalog.Catalog   = (*sessionCatalog)(nil)
	_ catalog.Functions = catalogFunctions{}
)

// catalogOf takes a snapshot for a statement.
func (s *Session) catalogOf() *sessionCatalog {
	c := &sessionCatalog{relations: map[string]catalog.Relation{}, databases: s.engine.databasesNow(), parts: s.engine.partsNow()}
	c.called = s.newCalled(c.parts)
	for name, r := range s.engine.relationsNow() {
		c.relations[name] = catalogOfRelation(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, r := range s.temporary {
		c.relations[name] = catalogOfRelation(r)
	}
	c.database = s.database
	return c
}

// Relation finds a table or view.
func (c *sessionCatalog) Relation(name string) (catalog.Relation, bool) {
	r, ok := c.relations[c.key(name)]
	return c.asRead(r), ok
}

// key is the key of what a name stands for, of any of its forms.
func (c *sessionCatalog) key(name string) string {
	name = strings.TrimPrefix(name, defaultCatalog+".")
	key, explicit := strings.CutPrefix(name, defaultDatabase+".")
	if !explicit && !strings.Contains(key, ".") {
		key = relationKey(c.database, key)
	}
	return key
}

// Within is the catalog as the query of a view sees it: in the view's database.
func (c *sessionCatalog) Within(view string) catalog.Catalog {
	inside := *c
	inside.database, _ = c.splitKey(view)
	return &inside
}

// within makes a statement see names as the query of a view does: what is declared and
// what is read later then mean the same.
func (st *statement) within(view string) {
	inside := *st.catalog
	inside.database, _ = inside.splitKey(view)
	st.catalog = &inside
}

// databaseNames lists all databases in order.
func (c *sessionCatalog) databaseNames() []string {
	all := append(slices.Collect(maps.Keys(c.databases)), defaultDatabase)
	slices.Sort(all)
	return all
}

// relationsIn lists the names of a database's relations in order.
func (c *sessionCatalog) relationsIn(database string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(c.relations)) {
		if in, name := c.splitKey(key); in == database {
			all = append(all, name)
		}
	}
	return all
}

// Relations lists all names in order, as the session may write them.
func (c *sessionCatalog) Relations() []string {
	all := make([]string, 0, len(c.relations))
	for key := range c.relations {
		database, name := c.splitKey(key)
		if database != c.database {
			name = database + "." + name
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Functions gives the functions.
func (c *sessionCatalog) Functions() catalog.Functions { return catalogFunctions{c} }

// Source asks the table's connector what it would do.
func (c *sessionCatalog) Source(table *catalog.Table, want catalog.Pushdown) (catalog.SourceInfo, error) {
	conn, decl, err := c.parts.declare(table)
	if err != nil {
		return catalog.SourceInfo{}, err
	}
	source, err := conn.Source(decl)
	if err != nil {
		return catalog.SourceInfo{}, err
	}
	applied, err := source.Apply(connector.Pushdown{Columns: want.Columns, Filters: want.Filters, Limit: want.Limit})
	if err != nil {
		return catalog.SourceInfo{}, err
	}
	info := catalog.SourceInfo{Bounded: source.Bounded(), Columns: applied.Columns, Filters: applied.Filters}
	if c, ok := source.(connector.Changing); ok {
		info.Upsert, info.Changelog = c.Changes() == connector.Upsert, c.Changes() == connector.Retract
	}
	if info.Changelog && len(table.PrimaryKey) > 0 && readsMetadata(decl, want.Columns) {
		// The image before a change comes with the metadata of the change, not with that
		// of the row it takes back: what the key's row was is kept.
		info.Upsert, info.Changelog = true, false
	}
	if l, ok := source.(connector.LookupSource); ok {
		info.Lookup = l.Lookups().Possible
	}
	return info, nil
}

// readsMetadata reports whether any of columns, nil for all, is METADATA.
func readsMetadata(t connector.Table, columns types.Schema) bool {
	if columns == nil {
		columns = t.Schema
	}
	return slices.ContainsFunc(columns, func(f types.Field) bool { return t.Metadata[f.Name] != "" })
}

// Sink asks the table's connector what it accepts.
func (c *sessionCatalog) Sink(table *catalog.Table) (catalog.SinkInfo, error) {
	written := *table
	written.Columns = table.Written() // what is only read is not the sink's business
	conn, decl, err := c.parts.declare(&written)
	if err != nil {
		return catalog.SinkInfo{}, err
	}
	sink, err := conn.Sink(decl)
	if err != nil {
		return catalog.SinkInfo{}, err
	}
	return catalog.SinkInfo{Mode: sink.Mode().String(), Guarantee: sink.Guarantee().String()}, nil
}

// Metadata types what a connector with options gives to METADATA columns.
func (c *sessionCatalog) Metadata(options map[string]string) (given map[string]types.Type, what string) {
	conn, parsed, err := c.parts.connectors.Resolve(options)
	if err != nil {
		return nil, "" // its error is told when the table is checked
	}
	spec := connector.SpecFor(conn, parsed)
	given = map[string]types.Type{}
	for _, m := range spec.Metadata {
		given[m.Key] = m.Type
	}
	return given, "connector '" + spec.Name + "'"
}

// declare shows a table to its connector: computed columns are not its business.
func (p parts) declare(table *catalog.Table) (connector.Connector, connector.Table, error) {
	conn, options, err := p.connectors.Resolve(table.Options)
	if err != nil {
		return nil, connector.Table{}, err
	}
	decl := connector.Table{Name: table.Name, Metadata: map[string]string{}, PrimaryKey: table.PrimaryKey,
		PartitionKeys: table.PartitionedBy, Options: options, Env: p.env}
	for _, column := range table.Columns {
		if column.Computed != "" {
			continue
		}
		decl.Schema = append(decl.Schema, column.Stored())
		if column.Metadata != "" {
			decl.Metadata[column.Name] = column.Metadata
		}
	}
	return conn, decl, nil
}

// check validates a table's declaration.
func (p parts) check(table *catalog.Table) error {
	conn, decl, err := p.declare(table)
	if err != nil {
		return err
	}
	return conn.Check(decl)
}

// relation names what is stored of a table or view.
type relation = meta.Relation

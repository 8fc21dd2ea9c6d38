package engine

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// show lists things.
func (st *statement) show(stmt *sql.Show) (Result, error) {
	switch stmt.What {
	case "TABLES", "VIEWS", "FUNCTIONS", "USER FUNCTIONS":
		return st.showNames(stmt)
	case "CATALOGS", "CURRENT CATALOG":
		return names("catalog name", []string{defaultCatalog}), nil
	case "DATABASES", "CURRENT DATABASE":
		return names("database name", []string{defaultDatabase}), nil
	case "STREAMS":
		return st.showStreams(stmt)
	case "JOBS":
		return st.showJobs(), nil
	case "CREATE TABLE", "CREATE VIEW":
		return st.showCreate(stmt)
	case "COLUMNS":
		return st.describeRelation(*stmt.Name)
	}
	return Result{}, unsupported(stmt)
}

// showNames lists names that match the pattern.
func (st *statement) showNames(stmt *sql.Show) (Result, error) {
	var all []string
	column := strings.ToLower(strings.TrimSuffix(stmt.What, "S")) + " name"
	switch stmt.What {
	case "TABLES":
		all = st.catalog.Relations()
	case "VIEWS":
		for _, name := range st.catalog.Relations() {
			if st.catalog.relations[name].View != nil {
				all = append(all, name)
			}
		}
	case "FUNCTIONS":
		all = st.catalog.Functions().Names()
	default:
		all = st.session.engine.userFunctions()
	}
	matches, err := likePattern(stmt)
	if err != nil {
		return Result{}, err
	}
	all = slices.DeleteFunc(all, func(name string) bool { return !matches(name) })
	return names(column, all), nil
}

// userFunctions lists the registered functions.
func (e *Engine) userFunctions() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, f := range e.extras.scalar {
		all = append(all, f.Name)
	}
	for _, f := range e.extras.aggregates {
		all = append(all, f.Name)
	}
	slices.Sort(all)
	return all
}

// likePattern makes SHOW's [NOT] LIKE or ILIKE a function.
func likePattern(stmt *sql.Show) (func(string) bool, error) {
	if stmt.LikeOp == "" {
		return func(string) bool { return true }, nil
	}
	quoted := regexp.QuoteMeta(stmt.Like)
	pattern := "^" + strings.ReplaceAll(strings.ReplaceAll(quoted, "%", ".*"), "_", ".") + "$"
	if stmt.LikeOp == "ILIKE" {
		pattern = "(?i)" + pattern
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return func(name string) bool { return compiled.MatchString(name) != stmt.NotLike }, nil
}

// names makes rows of one column.
func names(column string, all []string) Result {
	rows := make([][]string, len(all))
	for i, name := range all {
		rows[i] = []string{name}
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{column}, rows)}
}

// showJobs lists jobs as Flink's columns.
func (st *statement) showJobs() Result {
	var rows [][]string
	for _, j := range st.session.engine.Jobs() {
		info := j.Info()
		rows = append(rows, []string{info.ID, info.Name, info.Status, info.Created.UTC().Format("2006-01-02T15:04:05.000Z")})
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"job id", "job name", "status", "start time"}, rows)}
}

// showCreate prints the declaration of a table or view.
func (st *statement) showCreate(stmt *sql.Show) (Result, error) {
	name, err := relationName(*stmt.Name)
	if err != nil {
		return Result{}, err
	}
	r, ok := st.catalog.relations[name]
	switch {
	case ok && r.Table != nil && stmt.What == "CREATE TABLE":
		return Result{Kind: ResultText, Message: createTableText(r.Table)}, nil
	case ok && r.View != nil && stmt.What == "CREATE VIEW":
		return Result{Kind: ResultText, Message: createViewText(r.View)}, nil
	}
	return Result{}, st.noRelation(strings.TrimPrefix(stmt.What, "CREATE "), name, *stmt.Name)
}

// describe lists the columns of a table or view.
func (st *statement) describe(stmt *sql.Describe) (Result, error) {
	if stmt.Kind != sql.TableObject && stmt.Kind != sql.ViewObject && stmt.Kind != sql.StreamObject {
		return Result{}, unsupported(stmt)
	}
	if stmt.Kind == sql.StreamObject {
		name, err := relationName(stmt.Name)
		if err != nil {
			return Result{}, err
		}
		if result, ok, err := st.describeStream(name); ok || err != nil {
			return result, err
		}
		return Result{}, st.noRelation("STREAM", name, stmt.Name)
	}
	return st.describeRelation(stmt.Name)
}

// describeRelation gives Flink's columns of DESCRIBE.
func (st *statement) describeRelation(at sql.Name) (Result, error) {
	name, err := relationName(at)
	if err != nil {
		return Result{}, err
	}
	r, ok := st.catalog.relations[name]
	if !ok {
		return Result{}, st.noRelation("TABLE", name, at)
	}
	columns := []string{"name", "type", "null", "key", "extras", "watermark"}
	if r.Table != nil {
		return Result{Kind: ResultRows, Rows: textRows(columns, describeTable(r.Table))}, nil
	}
	rows, err := st.describeView(r.View)
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: ResultRows, Rows: textRows(columns, rows)}, nil
}

func describeTable(t *catalog.Table) [][]string {
	var rows [][]string
	for _, c := range t.Columns {
		row := []string{c.Name, c.Type.WithNullable(true).String(), boolText(c.Type.Nullable), "", "", ""}
		if slices.Contains(t.PrimaryKey, c.Name) {
			row[3] = "PRI(" + strings.Join(t.PrimaryKey, ", ") + ")"
		}
		switch {
		case c.Computed != "":
			row[4] = "AS " + c.Computed
		case c.Metadata != "" && c.Metadata != c.Name:
			row[4] = "METADATA FROM '" + c.Metadata + "'"
		case c.Metadata != "":
			row[4] = "METADATA"
		}
		if c.Virtual {
			row[4] += " VIRTUAL"
		}
		if t.Watermark != nil && t.Watermark.Column == c.Name {
			row[5] = t.Watermark.Expr
		}
		rows = append(rows, row)
	}
	return rows
}

// describeView finds a view's columns by planning it.
func (st *statement) describeView(v *catalog.View) ([][]string, error) {
	statements, err := sql.Parse("SELECT * FROM " + quoteName(v.Name))
	if err != nil {
		return nil, err
	}
	p, err := st.planner().Plan(statements[0])
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, f := range p.Nodes[len(p.Nodes)-1].Schema {
		rows = append(rows, []string{f.Name, f.Type.WithNullable(true).String(), boolText(f.Type.Nullable), "", "", ""})
	}
	return rows, nil
}

func boolText(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// explain gives a statement's plan.
func (st *statement) explain(stmt *sql.Explain) (Result, error) {
	text, err := st.planner().Explain(stmt.Statement, stmt.Details...)
	return Result{Kind: ResultText, Message: text}, err
}

// sortedKeys lists a map's keys in order.
func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

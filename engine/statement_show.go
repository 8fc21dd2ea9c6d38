package engine

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/sql"
)

// show lists things.
func (st *statement) show(stmt *sql.Show) (Result, error) {
	switch stmt.What {
	case "TABLES", "VIEWS", "FUNCTIONS", "USER FUNCTIONS", "MODELS":
		return st.showNames(stmt)
	case "MODULES":
		return names("module name", []string{coreModule}), nil
	case "FULL MODULES":
		return Result{Kind: ResultRows, Rows: textRows([]string{"module name", "used"}, [][]string{{coreModule, "true"}})}, nil
	case "JARS":
		return names("jars", nil), nil
	case "CATALOGS":
		return matching(stmt, "catalog name", []string{defaultCatalog})
	case "CURRENT CATALOG":
		return names("current catalog name", []string{defaultCatalog}), nil
	case "CURRENT DATABASE":
		return names("current database name", []string{st.catalog.database}), nil
	case "DATABASES":
		return st.showDatabases(stmt)
	case "STREAMS":
		return st.showStreams(stmt)
	case "JOBS":
		return st.showJobs(), nil
	case "PARTITIONS":
		return st.showPartitions(stmt)
	case "MATERIALIZED VIEWS":
		return st.showMaterializedViews(stmt)
	case "CREATE MATERIALIZED VIEW":
		return st.showCreateMaterializedView(stmt)
	case "CREATE STREAM":
		return st.showCreateStream(stmt)
	case "CREATE TABLE", "CREATE VIEW":
		return st.showCreate(stmt)
	case "CREATE MODEL":
		return st.showCreateModel(stmt)
	case "CREATE FUNCTION":
		return st.showCreateFunction(stmt)
	case "CREATE CATALOG":
		return showCreateCatalog(stmt)
	case "COLUMNS":
		return st.showColumns(stmt)
	}
	return Result{}, unsupported(stmt)
}

// showColumns describes the columns that match the pattern.
func (st *statement) showColumns(stmt *sql.Show) (Result, error) {
	at := *stmt.Name
	if stmt.From != nil {
		if len(at.Parts) > 1 {
			return Result{}, errs.Userf("the table's database stands before it already").At(stmt.From.Span)
		}
		at = sql.Name{Place: at.Place, Parts: append(slices.Clone(stmt.From.Parts), at.Parts...)}
	}
	matches, err := likePattern(stmt)
	if err != nil {
		return Result{}, err
	}
	return st.describeRelation(at, matches)
}

// showNames lists names that match the pattern.
func (st *statement) showNames(stmt *sql.Show) (Result, error) {
	var all []string
	column := strings.ToLower(strings.TrimPrefix(strings.TrimSuffix(stmt.What, "S"), "USER ")) + " name"
	database, err := st.showFrom(stmt)
	if err != nil {
		return Result{}, err
	}
	switch stmt.What {
	case "TABLES":
		all = st.catalog.relationsIn(database)
	case "VIEWS":
		for _, name := range st.catalog.relationsIn(database) {
			if st.catalog.relations[relationKey(database, name)].View != nil {
				all = append(all, name)
			}
		}
	case "MODELS":
		all = st.catalog.modelsIn(database)
	case "FUNCTIONS":
		st.within(relationKey(database, ""))
		all = lowered(st.catalog.Functions().Names())
	default:
		all = lowered(st.catalog.userFunctions(database))
	}
	return matching(stmt, column, all)
}

// lowered writes names in lower case, as Flink lists functions.
func lowered(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = lower(name)
	}
	return out
}

// matching makes rows of the names that match the pattern.
func matching(stmt *sql.Show, column string, all []string) (Result, error) {
	matches, err := likePattern(stmt)
	if err != nil {
		return Result{}, err
	}
	return names(column, slices.DeleteFunc(all, func(name string) bool { return !matches(name) })), nil
}

// showFrom is the database that SHOW … FROM names, or else the session's.
func (st *statement) showFrom(stmt *sql.Show) (string, error) {
	if stmt.From == nil {
		return st.catalog.database, nil
	}
	name, err := databaseName(*stmt.From)
	if err != nil {
		return "", err
	}
	return name, st.checkDatabase(name, stmt.From.Span)
}

// showDatabases lists the databases that match the pattern.
func (st *statement) showDatabases(stmt *sql.Show) (Result, error) {
	if stmt.From != nil {
		if err := checkCatalog(strings.Join(stmt.From.Strings(), "."), stmt.From.Span); err != nil {
			return Result{}, err
		}
	}
	return matching(stmt, "database name", st.catalog.databaseNames())
}

// likePattern makes SHOW's [NOT] LIKE or ILIKE a function. A backslash takes the meaning
// of what follows away.
func likePattern(stmt *sql.Show) (func(string) bool, error) {
	if stmt.LikeOp == "" {
		return func(string) bool { return true }, nil
	}
	var pattern strings.Builder
	pattern.WriteString("(?s)")
	if stmt.LikeOp == "ILIKE" {
		pattern.WriteString("(?i)")
	}
	pattern.WriteByte('^')
	escaped := false
	for _, r := range stmt.Like {
		switch {
		case escaped:
			pattern.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			pattern.WriteString(".*")
		case r == '_':
			pattern.WriteByte('.')
		default:
			pattern.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	compiled, err := regexp.Compile(pattern.String() + "$")
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
		rows = append(rows, jobRow(j))
	}
	return Result{Kind: ResultRows, Rows: textRows(jobColumns(), rows)}
}

// jobColumns are Flink's columns of SHOW JOBS and DESCRIBE JOB.
func jobColumns() []string { return []string{"job id", "job name", "status", "start time"} }

func jobRow(j *Job) []string {
	info := j.Info()
	return []string{info.ID, info.Name, info.Status, info.Created.UTC().Format("2006-01-02T15:04:05.000Z")}
}

// describeJob gives one line of SHOW JOBS.
func (st *statement) describeJob(stmt *sql.Describe) (Result, error) {
	id := stmt.Name.Last()
	job, ok := st.session.engine.Job(id)
	if !ok {
		return Result{}, errs.Userf("there is no job '%s'", id).At(stmt.Name.Span).WithHint("SHOW JOBS lists them")
	}
	return Result{Kind: ResultRows, Rows: textRows(jobColumns(), [][]string{jobRow(job)})}, nil
}

// describeCatalog gives what there is to say of the one catalog.
func describeCatalog(stmt *sql.Describe) (Result, error) {
	if err := checkCatalog(stmt.Name.Last(), stmt.Name.Span); err != nil {
		return Result{}, err
	}
	rows := [][]string{{"name", defaultCatalog}, {"type", catalogType}, {"comment", ""}}
	return Result{Kind: ResultRows, Rows: textRows([]string{"info name", "info value"}, rows)}, nil
}

// catalogType is what Flink calls the type of its default catalog.
const catalogType = "generic_in_memory"

// showCreateCatalog prints how the one catalog would be made.
func showCreateCatalog(stmt *sql.Show) (Result, error) {
	if err := checkCatalog(stmt.Name.Last(), stmt.Name.Span); err != nil {
		return Result{}, err
	}
	keep := func(_, value string) string { return value }
	return Result{Kind: ResultText, Message: "CREATE CATALOG " + quoteName(defaultCatalog) + withText(map[string]string{"type": catalogType}, keep)}, nil
}

// describeDatabase gives what is known of a database.
func (st *statement) describeDatabase(stmt *sql.Describe) (Result, error) {
	name, err := databaseName(stmt.Name)
	if err != nil {
		return Result{}, err
	}
	if err := st.checkDatabase(name, stmt.Name.Span); err != nil {
		return Result{}, err
	}
	e := st.session.engine
	e.mu.Lock()
	d := e.databases[name]
	e.mu.Unlock()
	rows := [][]string{{"name", name}, {"comment", d.Comment}}
	if stmt.Extended {
		for _, key := range sortedKeys(d.Options) {
			rows = append(rows, []string{key, d.Options[key]})
		}
	}
	return Result{Kind: ResultRows, Rows: textRows([]string{"info name", "info value"}, rows)}, nil
}

// showCreate prints the declaration of a table or view.
func (st *statement) showCreate(stmt *sql.Show) (Result, error) {
	name, err := st.relationName(*stmt.Name)
	if err != nil {
		return Result{}, err
	}
	r, ok := st.catalog.relations[name]
	switch {
	case ok && isMaterialized(r):
		return Result{}, errs.Userf("`%s` is a materialized view", name).At(stmt.Name.Span).WithHint("write SHOW CREATE MATERIALIZED VIEW")
	case ok && r.Table != nil && stmt.What == "CREATE TABLE":
		return Result{Kind: ResultText, Message: createTableText(r.Table, st.shown(name), st.session.isTemporary(name))}, nil
	case ok && r.View != nil && stmt.What == "CREATE VIEW":
		return Result{Kind: ResultText, Message: createViewText(r.View, st.shown(name), st.session.isTemporary(name))}, nil
	}
	return Result{}, st.noRelation(strings.TrimPrefix(stmt.What, "CREATE "), name, *stmt.Name)
}

// describe lists the columns of a table or view.
func (st *statement) describe(stmt *sql.Describe) (Result, error) {
	switch stmt.Kind {
	case sql.JobObject:
		return st.describeJob(stmt)
	case sql.DatabaseObject:
		return st.describeDatabase(stmt)
	case sql.CatalogObject:
		return describeCatalog(stmt)
	case sql.FunctionObject:
		return st.describeFunction(stmt)
	case sql.ModelObject:
		return st.describeModel(stmt)
	}
	if stmt.Kind == sql.StreamObject {
		name, err := st.relationName(stmt.Name)
		if err != nil {
			return Result{}, err
		}
		if result, ok, err := st.describeStream(name); ok || err != nil {
			return result, err
		}
		return Result{}, st.noRelation("STREAM", name, stmt.Name)
	}
	return st.describeRelation(stmt.Name, func(string) bool { return true })
}

// describeRelation gives Flink's columns of DESCRIBE for the columns that match; the
// comments' only if there are some.
func (st *statement) describeRelation(at sql.Name, matches func(column string) bool) (Result, error) {
	name, err := st.relationName(at)
	if err != nil {
		return Result{}, err
	}
	r, ok := st.catalog.relations[name]
	if !ok {
		return Result{}, st.noRelation("TABLE", name, at)
	}
	columns := []string{"name", "type", "null", "key", "extras", "watermark", "comment"}
	var rows [][]string
	if r.Table != nil {
		rows = describeTable(r.Table)
	} else if rows, err = st.describeView(r.View); err != nil {
		return Result{}, err
	}
	last := len(columns) - 1
	if !slices.ContainsFunc(rows, func(row []string) bool { return row[last] != "" }) {
		columns = columns[:last]
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return !matches(row[0]) })
	for i := range rows {
		rows[i] = rows[i][:len(columns)]
	}
	return Result{Kind: ResultRows, Rows: textRows(columns, rows)}, nil
}

func describeTable(t *catalog.Table) [][]string {
	var rows [][]string
	for _, c := range t.Columns {
		row := []string{c.Name, c.Type.WithNullable(true).String(), boolText(c.Type.Nullable), "", "", "", c.Comment}
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
			row[1] += " *ROWTIME*"
			row[5] = t.Watermark.Expr
		}
		if strings.EqualFold(c.Computed, "PROCTIME()") {
			row[1] += " *PROCTIME*"
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
		rows = append(rows, []string{f.Name, f.Type.WithNullable(true).String(), boolText(f.Type.Nullable), "", "", "", ""})
	}
	return rows, nil
}

func boolText(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// sortedKeys lists a map's keys in order.
func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

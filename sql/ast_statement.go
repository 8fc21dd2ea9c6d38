package sql

// Statement is one statement of a script. Its span leaves out the closing
// semicolon; Text cuts it out of the script.
type Statement interface {
	Node
	statement()
}

// Text is the part of script that n was parsed from.
func Text(script string, n Node) string {
	span := n.Pos()
	if span.Start < 0 || span.End > len(script) || span.Start > span.End {
		return ""
	}
	return script[span.Start:span.End]
}

// ObjectKind is what CREATE, ALTER, DROP, SHOW and DESCRIBE work on.
type ObjectKind uint8

// The kinds of catalog objects.
const (
	TableObject ObjectKind = iota
	ViewObject
	MaterializedViewObject
	FunctionObject
	ModelObject
	StreamObject
	CatalogObject
	DatabaseObject
	JobObject
)

// String gives the kind's keyword, such as "MATERIALIZED VIEW".
func (k ObjectKind) String() string {
	return enumString(int(k), "ObjectKind", "TABLE", "VIEW", "MATERIALIZED VIEW", "FUNCTION", "MODEL", "STREAM",
		"CATALOG", "DATABASE", "JOB")
}

// QueryStatement is a bare SELECT, VALUES or WITH.
type QueryStatement struct {
	Place
	Query *Query
}

// Insert is INSERT INTO or INSERT OVERWRITE.
type Insert struct {
	Place
	Overwrite bool
	Table     Name
	// Hints are the target's /*+ OPTIONS(…) */.
	Hints []Hint
	// Partition is PARTITION (k = v, …): constant values only.
	Partition []PartitionValue
	// Columns is the explicit column list; nil when there is none.
	Columns []Ident
	Query   *Query
	// OnConflict is ON CONFLICT DO …; nil when there is none.
	OnConflict *OnConflict
}

// OnConflict says what becomes of rows that the query's own key tells apart and the
// target's primary key does not.
type OnConflict struct {
	Place
	// Do is "DEDUPLICATE", "NOTHING" or "ERROR".
	Do string
}

// Truncate is TRUNCATE TABLE name.
type Truncate struct {
	Place
	Name Name
}

// PartitionValue is one `column = literal` of a PARTITION clause. Value is nil
// for a dynamic partition column.
type PartitionValue struct {
	Place
	Column Ident
	Value  Expr
}

// StatementSet is EXECUTE STATEMENT SET BEGIN … END (or BEGIN STATEMENT SET; …
// END): statements run as one job.
type StatementSet struct {
	Place
	// Statements are *Insert, or *CreateTable with AS.
	Statements []Statement
}

// Explain is EXPLAIN [details] statement.
type Explain struct {
	Place
	Details []ExplainDetail
	// Statement is a *QueryStatement, *Insert, *StatementSet, *CreateTable with AS
	// or *CreateView.
	Statement Statement
}

// ExplainDetail asks EXPLAIN for something more.
type ExplainDetail uint8

// The details.
const (
	ExplainEstimatedCost ExplainDetail = iota
	ExplainChangelogMode
	ExplainJSONPlan
	ExplainPlanAdvice
	ExplainAnalyze
	ExplainAST
	ExplainLogical
	ExplainRules
)

var explainDetails = []string{"ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE", "ANALYZE",
	"AST", "LOGICAL", "RULES"}

// String gives the detail's keyword.
func (d ExplainDetail) String() string { return enumString(int(d), "ExplainDetail", explainDetails...) }

// Set is SET 'key' = 'value'; without a key it lists the settings, and without a
// value it shows one.
type Set struct {
	Place
	Key      string
	Value    string
	HasKey   bool
	HasValue bool
	// KeyPlace and ValuePlace are their own spans, for errors about them.
	KeyPlace   Place
	ValuePlace Place
}

// Reset is RESET 'key', or RESET alone for all of them.
type Reset struct {
	Place
	Key    string
	HasKey bool
	// KeyPlace is the key's own span.
	KeyPlace Place
}

// Use is USE database or USE CATALOG catalog.
type Use struct {
	Place
	// Kind is CatalogObject or DatabaseObject.
	Kind ObjectKind
	Name Name
}

// Describe is DESCRIBE [EXTENDED] [kind] name.
type Describe struct {
	Place
	Kind     ObjectKind
	Extended bool
	Name     Name
}

// Show is SHOW TABLES and its kin.
type Show struct {
	Place
	// What is the upper-case phrase after SHOW: "TABLES", "CREATE TABLE",
	// "CURRENT CATALOG", "USER FUNCTIONS", "JOBS", …
	What string
	// Name is the object of SHOW CREATE … and SHOW COLUMNS FROM; nil otherwise.
	Name *Name
	// From is the database of FROM or IN; nil when absent.
	From *Name
	// Like is the pattern of [NOT] LIKE or ILIKE; LikeOp is "", "LIKE" or "ILIKE".
	Like    string
	LikeOp  string
	NotLike bool
	// Partition is the PARTITION clause of SHOW PARTITIONS.
	Partition []PartitionValue
}

// StopJob is STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN].
type StopJob struct {
	Place
	Job       string
	JobPlace  Place
	Savepoint bool
	Drain     bool
}

// Modules is LOAD MODULE name [WITH (…)], UNLOAD MODULE name, or USE MODULES a, b.
type Modules struct {
	Place
	// Verb is "LOAD", "UNLOAD" or "USE".
	Verb  string
	Names []Ident
	With  []Option
}

// Jar is ADD JAR 'path' or REMOVE JAR 'path'.
type Jar struct {
	Place
	Remove bool
	Path   string
}

// Drop is DROP kind name.
type Drop struct {
	Place
	Kind      ObjectKind
	Temporary bool
	// System marks TEMPORARY SYSTEM FUNCTION.
	System   bool
	IfExists bool
	Name     Name
	// Cascade and Restrict belong to DROP DATABASE.
	Cascade  bool
	Restrict bool
}

// Alter is ALTER kind name action, ….
type Alter struct {
	Place
	Kind      ObjectKind
	Temporary bool
	System    bool
	IfExists  bool
	Name      Name
	// Actions has one entry, or several for ALTER TABLE t ADD (a, b).
	Actions []AlterAction
}

// AlterAction is one change of an Alter; see the types in ast_alter.go.
type AlterAction interface {
	Node
	alterAction()
}

func (*QueryStatement) statement()         {}
func (*Insert) statement()                 {}
func (*StatementSet) statement()           {}
func (*Explain) statement()                {}
func (*Set) statement()                    {}
func (*Reset) statement()                  {}
func (*Use) statement()                    {}
func (*Describe) statement()               {}
func (*Show) statement()                   {}
func (*StopJob) statement()                {}
func (*Jar) statement()                    {}
func (*Modules) statement()                {}
func (*Drop) statement()                   {}
func (*CreateTable) statement()            {}
func (*CreateView) statement()             {}
func (*CreateMaterializedView) statement() {}
func (*Truncate) statement()               {}
func (*CreateFunction) statement()         {}
func (*CreateModel) statement()            {}
func (*CreateStream) statement()           {}
func (*CreateCatalog) statement()          {}
func (*CreateDatabase) statement()         {}
func (*Alter) statement()                  {}

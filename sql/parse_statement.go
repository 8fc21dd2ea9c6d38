package sql

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// statementWords are the first words of statements, for suggestions.
var statementWords = []string{"ADD", "ALTER", "BEGIN", "CREATE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "LOAD", "REMOVE", "RESET",
	"SELECT", "SET", "SHOW", "STOP", "TRUNCATE", "UNLOAD", "USE", "VALUES", "WITH"}

// statement parses one statement, without its semicolon.
func (p *parser) statement() (Statement, error) {
	first, t := p.Index(), p.Peek()
	switch {
	case t.Is("SELECT", "WITH", "VALUES", "(", "FROM"), t.Is("TABLE"):
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &QueryStatement{Place: p.place(first), Query: q}, nil
	case t.Is("INSERT"):
		return p.insert()
	case t.Is("CREATE"), t.Is("REPLACE"):
		return p.create()
	case t.Is("DROP"):
		return p.drop()
	case t.Is("ALTER"):
		return p.alter()
	case t.Is("EXPLAIN"):
		return p.explain()
	case t.Is("EXECUTE"):
		return p.execute()
	case t.Is("BEGIN"):
		p.Next()
		return p.statementSet(first)
	}
	return p.utility(first, t)
}

// utility parses the small statements.
func (p *parser) utility(first int, t token.Token) (Statement, error) {
	switch {
	case t.Is("SET"):
		return p.set()
	case t.Is("RESET"):
		p.Next()
		s := &Reset{}
		if p.Peek().Kind != token.EOF && !p.Is(";") {
			at := p.Index()
			key, _, err := p.settingKey()
			if err != nil {
				return nil, err
			}
			s.Key, s.HasKey, s.KeyPlace = key, true, p.place(at)
		}
		s.Place = p.place(first)
		return s, nil
	case t.Is("LOAD", "UNLOAD") && p.PeekAt(1).Is("MODULE"), t.Is("USE") && p.PeekAt(1).Is("MODULES"):
		return p.modules()
	case t.Is("USE"):
		return p.use()
	case t.Is("SHOW"):
		return p.show()
	case t.Is("DESCRIBE", "DESC"):
		return p.describe()
	case t.Is("TRUNCATE"):
		p.Next()
		if err := p.Expect("TABLE"); err != nil {
			return nil, err
		}
		name, err := p.name()
		return &Truncate{Place: p.place(first), Name: name}, err
	case t.Is("STOP"):
		return p.stopJob()
	case t.Is("ADD", "REMOVE") && p.PeekAt(1).Is("JAR"):
		p.Next()
		p.Next()
		path, err := p.stringLiteral()
		return &Jar{Place: p.place(first), Remove: t.Is("REMOVE"), Path: path}, err
	}
	return nil, unknownStatement(t)
}

// unknownStatement says that no statement starts with t, or that one does which is
// not supported.
func unknownStatement(t token.Token) error {
	switch {
	case t.Is("BEGIN", "COMMIT", "ROLLBACK", "START"):
		return errs.Unsupportedf("there are no transactions").At(t.Span()).
			WithHint("EXECUTE STATEMENT SET BEGIN …; END runs several INSERTs as one job, whose sinks commit together")
	}
	if hint := remedies[t.Upper]; hint != "" && t.Kind == token.Word {
		return errs.Unsupportedf("the statement %s is not supported", t.Upper).At(t.Span()).WithHint("%s", hint)
	}
	err := errs.Userf("unexpected %s, expected a statement", t.Describe()).At(token.SpanOf(t))
	if t.Kind == token.Word {
		if near := errs.Nearest(t.Text, statementWords); near != "" {
			return err.WithHint("did you mean %s?", near)
		}
	}
	return err.WithHint("a statement starts with SELECT, WITH, INSERT, CREATE, DROP, ALTER, EXPLAIN, SHOW, SET, …")
}

// remedies are what to do instead of statements that other engines have.
var remedies = map[string]string{
	"UPDATE":  "a table changes by the rows that are inserted: an upsert sink takes a new row for its key",
	"DELETE":  "a table changes by the rows that are inserted: a query that takes a row back deletes it from its sink",
	"MERGE":   "INSERT into a table with a PRIMARY KEY replaces the row of that key",
	"CALL":    "there are no procedures: STOP JOB, ALTER STREAM and the REST API do what Flink's do",
	"LOAD":    "LOAD MODULE is the only statement of that name",
	"UNLOAD":  "UNLOAD MODULE is the only statement of that name",
	"COMPILE": "plans are kept with their jobs: EXPLAIN shows one, and a savepoint goes on under a changed query",
	"ANALYZE": "plans are chosen by rules and need no statistics; EXPLAIN ANALYZE runs a query and tells what it did",
	"GRANT":   "there are no users: who may reach the server may do all, see docs/operations.md",
	"REVOKE":  "there are no users: who may reach the server may do all, see docs/operations.md",
}

// modules parses LOAD MODULE, UNLOAD MODULE and USE MODULES.
func (p *parser) modules() (*Modules, error) {
	first := p.Index()
	s := &Modules{Verb: p.Next().Upper}
	p.Next()
	for {
		name, err := p.ident()
		if err != nil {
			return nil, err
		}
		s.Names = append(s.Names, name)
		if s.Verb != "USE" || !p.Accept(",") {
			break
		}
	}
	if s.Verb == "LOAD" && p.Accept("WITH") {
		var err error
		if s.With, err = p.options(); err != nil {
			return nil, err
		}
	}
	s.Place = p.place(first)
	return s, nil
}

// insert parses INSERT INTO or INSERT OVERWRITE.
func (p *parser) insert() (*Insert, error) {
	first := p.Index()
	p.Next()
	s := &Insert{Overwrite: p.Accept("OVERWRITE")}
	if !s.Overwrite {
		if err := p.Expect("INTO"); err != nil {
			return nil, err
		}
	} else {
		p.Accept("INTO")
	}
	var err error
	if s.Table, err = p.name(); err != nil {
		return nil, err
	}
	if s.Hints, err = p.hints(); err != nil {
		return nil, err
	}
	if p.Accept("PARTITION") {
		if err := p.list(func() error { return p.partitionValue(&s.Partition) }); err != nil {
			return nil, err
		}
	}
	if p.Is("(") && !p.PeekAt(1).Is("SELECT", "WITH", "VALUES", "(", "TABLE") {
		if s.Columns, err = p.idents(); err != nil {
			return nil, err
		}
	}
	if s.Query, err = p.query(); err != nil {
		return nil, err
	}
	if s.OnConflict, err = p.onConflict(); err != nil {
		return nil, err
	}
	s.Place = p.place(first)
	return s, nil
}

// onConflict parses ON CONFLICT DO …, if it is there.
func (p *parser) onConflict() (*OnConflict, error) {
	first := p.Index()
	if !p.Accept("ON", "CONFLICT") {
		return nil, nil
	}
	if err := p.Expect("DO"); err != nil {
		return nil, err
	}
	if !p.Peek().Is("DEDUPLICATE", "NOTHING", "ERROR") {
		return nil, p.Unexpected("DEDUPLICATE, NOTHING or ERROR")
	}
	return &OnConflict{Do: p.Next().Upper, Place: p.place(first)}, nil
}

func (p *parser) partitionValue(values *[]PartitionValue) error {
	first := p.Index()
	column, err := p.ident()
	if err != nil {
		return err
	}
	v := PartitionValue{Column: column}
	if p.Accept("=") {
		if v.Value, err = p.expr(); err != nil {
			return err
		}
	}
	v.Place = p.place(first)
	*values = append(*values, v)
	return nil
}

// execute parses EXECUTE STATEMENT SET BEGIN … END, and EXECUTE before another
// statement, where it says nothing.
func (p *parser) execute() (Statement, error) {
	first := p.Index()
	p.Next()
	if p.Is("STATEMENT") {
		return p.statementSet(first)
	}
	if p.Is("INSERT") || p.Is("SELECT") || p.Is("WITH") {
		return p.statement()
	}
	return nil, p.Unexpected("STATEMENT SET")
}

// statementSet parses STATEMENT SET [BEGIN] … END, in the new form and in the old one that puts
// BEGIN first and a semicolon behind SET.
func (p *parser) statementSet(first int) (*StatementSet, error) {
	if err := p.Expect("STATEMENT", "SET"); err != nil {
		return nil, err
	}
	old := p.Accept(";")
	if !old && !p.At(first).Is("BEGIN") {
		if err := p.Expect("BEGIN"); err != nil {
			return nil, err
		}
	}
	s := &StatementSet{}
	for !p.Accept("END") {
		if t := p.Peek(); !t.Is("INSERT", "CREATE", "EXECUTE") {
			return nil, p.Unexpected("INSERT or END")
		}
		inner, err := p.statement()
		if err != nil {
			return nil, err
		}
		switch c := inner.(type) {
		case *Insert:
		case *CreateTable:
			if c.As == nil {
				return nil, errs.Userf("a statement set holds INSERT statements").At(inner.Pos())
			}
		default:
			return nil, errs.Userf("a statement set holds INSERT statements").At(inner.Pos())
		}
		s.Statements = append(s.Statements, inner)
		if !p.Accept(";") {
			if err := p.statementEnd(); err != nil {
				return nil, err
			}
			return nil, p.Unexpected("END")
		}
	}
	if len(s.Statements) == 0 {
		return nil, errs.Userf("the statement set is empty").At(p.From(first))
	}
	s.Place = p.place(first)
	return s, nil
}

// explain parses EXPLAIN [details] [PLAN FOR] statement.
func (p *parser) explain() (*Explain, error) {
	first := p.Index()
	p.Next()
	s := &Explain{}
	for {
		detail, ok := explainDetail(p.Peek())
		if !ok {
			break
		}
		p.Next()
		s.Details = append(s.Details, detail)
		if !p.Accept(",") {
			break
		}
	}
	if p.Accept("PLAN") {
		if err := p.Expect("FOR"); err != nil {
			return nil, err
		}
	}
	var err error
	inner := p.Index()
	switch t := p.Peek(); {
	case t.Is("STATEMENT"):
		s.Statement, err = p.statementSet(inner)
	case t.Is("SELECT", "WITH", "VALUES", "(", "TABLE", "INSERT", "CREATE", "EXECUTE", "BEGIN"):
		s.Statement, err = p.statement()
	case t.Kind == token.Word && len(s.Details) == 0:
		err = errs.Userf("unexpected %s, expected a statement or a detail to explain", t.Describe()).At(t.Span()).
			WithHint("details are %s", strings.Join(explainDetails, ", "))
	default:
		err = p.Unexpected("a statement")
	}
	if err != nil {
		return nil, err
	}
	s.Place = p.place(first)
	return s, nil
}

func explainDetail(t token.Token) (ExplainDetail, bool) {
	for i, name := range explainDetails {
		if t.Is(name) {
			return ExplainDetail(i), true
		}
	}
	return 0, false
}

// set parses SET, SET 'key' and SET 'key' = 'value', also without quotes.
func (p *parser) set() (*Set, error) {
	first := p.Index()
	p.Next()
	s := &Set{}
	if p.Peek().Kind != token.EOF && !p.Is(";") {
		var quoted bool
		var err error
		key := p.Index()
		if s.Key, quoted, err = p.settingKey(); err != nil {
			return nil, err
		}
		s.HasKey, s.KeyPlace = true, p.place(key)
		if p.Accept("=") {
			s.HasValue = true
			if err := p.settingValue(s, quoted); err != nil {
				return nil, err
			}
		}
	}
	s.Place = p.place(first)
	return s, nil
}

// settingKey reads a quoted key, or a bare one such as table.exec.mini-batch.size,
// and reports whether it was quoted.
func (p *parser) settingKey() (string, bool, error) {
	first := p.Peek()
	if first.Kind == token.String {
		p.Next()
		return first.Text, true, nil
	}
	last := first
	for t := p.Peek(); t.Kind == token.Word || t.Is(".", "-") || t.Kind == token.Number; t = p.Peek() {
		if t.Start != last.End && t != first {
			break
		}
		last = p.Next()
	}
	if first.Kind != token.Word {
		return "", false, p.Unexpected("a key such as 'execution.checkpointing.interval'")
	}
	return p.text[first.Start:last.End], false, nil
}

// settingValue reads the value after =; an unquoted one runs to the semicolon.
func (p *parser) settingValue(s *Set, quoted bool) error {
	t := p.Peek()
	if t.Kind == token.String {
		p.Next()
		s.Value, s.ValuePlace = t.Text, Place{Span: t.Span()}
		return nil
	}
	if quoted && t.Kind != token.Word && t.Kind != token.Number && !t.Is("-") {
		return p.Unexpected("the value as a string")
	}
	first := p.Index()
	for !p.Is(";") && p.Peek().Kind != token.EOF {
		p.Next()
	}
	if p.Index() == first {
		return p.Unexpected("the value as a string")
	}
	s.ValuePlace = p.place(first)
	s.Value = p.text[s.ValuePlace.Span.Start:s.ValuePlace.Span.End]
	return nil
}

// use parses USE [CATALOG] name.
func (p *parser) use() (*Use, error) {
	first := p.Index()
	p.Next()
	s := &Use{Kind: DatabaseObject}
	switch {
	case p.Is("CATALOG") && p.PeekAt(1).IsName():
		p.Next()
		s.Kind = CatalogObject
	case p.Is("DATABASE") && p.PeekAt(1).IsName():
		p.Next()
	}
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	s.Place = p.place(first)
	return s, nil
}

// stopJob parses STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN].
func (p *parser) stopJob() (*StopJob, error) {
	first := p.Index()
	if err := p.Expect("STOP", "JOB"); err != nil {
		return nil, err
	}
	t := p.Peek()
	if t.Kind != token.String && !t.IsName() {
		return nil, p.Unexpected("the job's id as a string")
	}
	p.Next()
	s := &StopJob{Job: t.Text, JobPlace: Place{Span: t.Span()}}
	for p.Accept("WITH") {
		switch {
		case p.Is("SAVEPOINT") && !s.Savepoint:
			s.Savepoint = true
		case p.Is("DRAIN") && !s.Drain:
			s.Drain = true
		default:
			return nil, p.Unexpected("SAVEPOINT or DRAIN")
		}
		p.Next()
	}
	s.Place = p.place(first)
	return s, nil
}

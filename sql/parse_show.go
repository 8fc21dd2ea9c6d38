package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// showPhrases are what SHOW lists. After the ones that end in FROM or name an
// object, a name follows.
var showPhrases = [][]string{
	{"FULL", "MODULES"}, {"MODULES"}, {"CURRENT", "CATALOG"}, {"CURRENT", "DATABASE"}, {"CATALOGS"}, {"DATABASES"}, {"MATERIALIZED", "VIEWS"}, {"MATERIALIZED", "TABLES"}, {"TABLES"},
	{"VIEWS"}, {"STREAMS"}, {"MODELS"}, {"JOBS"}, {"JARS"}, {"USER", "FUNCTIONS"}, {"FUNCTIONS"}, {"COLUMNS"}, {"PARTITIONS"},
}

// show parses SHOW ….
func (p *parser) show() (*Show, error) {
	first := p.Index()
	p.Next()
	s := &Show{}
	if p.Accept("CREATE") {
		if err := p.showCreate(s); err != nil {
			return nil, err
		}
		s.Place = p.place(first)
		return s, nil
	}
	for _, phrase := range showPhrases {
		if !p.Accept(phrase...) {
			continue
		}
		s.What = phrase[0]
		if len(phrase) > 1 {
			s.What += " " + phrase[1]
		}
		if s.What == "MATERIALIZED TABLES" {
			s.What = "MATERIALIZED VIEWS" // Flink's name
		}
		if err := p.showTail(s); err != nil {
			return nil, err
		}
		s.Place = p.place(first)
		return s, nil
	}
	return nil, p.unknownShow()
}

// unknownShow says what SHOW can list.
func (p *parser) unknownShow() error {
	t := p.Peek()
	if t.Is("PROCEDURES") {
		return errs.Unsupportedf("there are no procedures").At(t.Span()).WithHint("functions are listed by SHOW FUNCTIONS")
	}
	err := errs.Userf("unexpected %s, expected what to show", t.Describe()).At(token.SpanOf(t))
	words := []string{"CREATE"}
	for _, phrase := range showPhrases {
		words = append(words, phrase[len(phrase)-1])
	}
	if near := errs.Nearest(t.Text, words); near != "" && t.Kind == token.Word {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("write SHOW TABLES, VIEWS, FUNCTIONS, STREAMS, JOBS, CREATE TABLE name, …")
}

// showCreate parses what follows SHOW CREATE.
func (p *parser) showCreate(s *Show) error {
	kind, err := p.objectKind()
	if err != nil {
		return err
	}
	if kind == JobObject || kind == DatabaseObject {
		return errs.Unsupportedf("SHOW CREATE %s is not supported", kind).At(p.At(p.Index() - 1).Span())
	}
	s.What = "CREATE " + kind.String()
	name, err := p.name()
	s.Name = &name
	return err
}

// showTail parses the name of SHOW COLUMNS and PARTITIONS, FROM and LIKE.
func (p *parser) showTail(s *Show) error {
	switch s.What {
	case "COLUMNS":
		if !p.Accept("FROM") && !p.Accept("IN") {
			return p.Unexpected("FROM")
		}
		fallthrough
	case "PARTITIONS":
		name, err := p.name()
		if err != nil {
			return err
		}
		s.Name = &name
	}
	if s.What == "PARTITIONS" && p.Accept("PARTITION") {
		return p.list(func() error { return p.partitionValue(&s.Partition) })
	}
	if p.Accept("FROM") || p.Accept("IN") {
		name, err := p.name()
		if err != nil {
			return err
		}
		s.From = &name
	}
	s.NotLike = p.Is("NOT") && p.PeekAt(1).Is("LIKE", "ILIKE")
	if s.NotLike {
		p.Next()
	}
	if p.Is("LIKE") || p.Is("ILIKE") {
		s.LikeOp = p.Next().Upper
		var err error
		s.Like, err = p.stringLiteral()
		return err
	}
	return nil
}

// describe parses DESCRIBE [EXTENDED] [kind] name.
func (p *parser) describe() (*Describe, error) {
	first := p.Index()
	p.Next()
	s := &Describe{Kind: TableObject}
	s.Extended = p.Is("EXTENDED") && p.PeekAt(1).Kind != token.EOF && !p.PeekAt(1).Is(";", ".")
	if s.Extended {
		p.Next()
	}
	next := p.PeekAt(1)
	if k := p.Peek(); k.Kind == token.Word && (next.Kind == token.Word || next.Kind == token.Quoted || next.Kind == token.String) {
		kind, err := p.objectKind()
		if err != nil {
			return nil, err
		}
		s.Kind = kind
		if !s.Extended {
			s.Extended = p.Is("EXTENDED") && (p.PeekAt(1).IsName())
			if s.Extended {
				p.Next()
			}
		}
	}
	if t := p.Peek(); t.Kind == token.String && s.Kind == JobObject {
		p.Next()
		s.Name = Name{Place: Place{Span: t.Span()}, Parts: []Ident{identOf(t)}}
	} else {
		var err error
		if s.Name, err = p.name(); err != nil {
			return nil, err
		}
	}
	s.Place = p.place(first)
	return s, nil
}

// objectKind reads the keyword of a kind of object.
func (p *parser) objectKind() (ObjectKind, error) {
	switch {
	case p.Accept("MATERIALIZED", "VIEW"):
		return MaterializedViewObject, nil
	case p.Accept("MATERIALIZED", "TABLE"):
		return MaterializedViewObject, nil // Flink's name
	case p.Accept("SCHEMA"):
		return DatabaseObject, nil
	}
	for kind := TableObject; kind <= JobObject; kind++ {
		if p.Accept(kind.String()) {
			return kind, nil
		}
	}
	t := p.Peek()
	err := errs.Userf("unexpected %s, expected a kind of object", t.Describe()).At(token.SpanOf(t))
	var words []string
	for kind := TableObject; kind <= JobObject; kind++ {
		words = append(words, kind.String())
	}
	if near := errs.Nearest(t.Text, words); near != "" && t.Kind == token.Word {
		return 0, err.WithHint("did you mean %s?", near)
	}
	return 0, err.WithHint("kinds are TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, MODEL, STREAM, CATALOG and DATABASE")
}

// drop parses DROP ….
func (p *parser) drop() (*Drop, error) {
	first := p.Index()
	p.Next()
	s := &Drop{Temporary: p.Accept("TEMPORARY")}
	s.System = p.Accept("SYSTEM")
	var err error
	if s.Kind, err = p.objectKind(); err != nil {
		return nil, err
	}
	if s.Kind == JobObject {
		return nil, errs.Userf("a job is not dropped").At(p.At(p.Index() - 1).Span()).WithHint("write STOP JOB 'id'")
	}
	if err := p.checkSystem(s.System, s.Kind); err != nil {
		return nil, err
	}
	s.IfExists = p.Accept("IF", "EXISTS")
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if s.Kind == DatabaseObject {
		s.Cascade = p.Accept("CASCADE")
		s.Restrict = !s.Cascade && p.Accept("RESTRICT")
	}
	s.Place = p.place(first)
	return s, nil
}

// checkSystem fails for SYSTEM before anything but FUNCTION.
func (p *parser) checkSystem(system bool, kind ObjectKind) error {
	if system && kind != FunctionObject {
		return errs.Userf("SYSTEM belongs to functions only").At(p.At(p.Index() - 1).Span())
	}
	return nil
}

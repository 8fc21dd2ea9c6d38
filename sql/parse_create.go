package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// creation is what stands between CREATE and the object's name.
type creation struct {
	first       int
	orReplace   bool
	orAlter     bool
	temporary   bool
	system      bool
	ifNotExists bool
	kind        ObjectKind
	name        Name
}

// create parses CREATE … and REPLACE TABLE ….
func (p *parser) create() (Statement, error) {
	c := creation{first: p.Index()}
	if p.Accept("REPLACE") {
		c.orReplace = true
	} else {
		p.Next()
		c.orReplace = p.Accept("OR", "REPLACE")
		c.orAlter = !c.orReplace && p.Accept("OR", "ALTER")
	}
	c.temporary = p.Accept("TEMPORARY")
	c.system = p.Accept("SYSTEM")
	kindAt := p.Peek()
	var err error
	if c.kind, err = p.objectKind(); err != nil {
		return nil, err
	}
	if err := p.checkSystem(c.system, c.kind); err != nil {
		return nil, err
	}
	c.ifNotExists = p.Accept("IF", "NOT", "EXISTS")
	if c.name, err = p.name(); err != nil {
		return nil, err
	}
	if err := c.check(kindAt); err != nil {
		return nil, err
	}
	s, place, err := p.createBody(c)
	if err != nil {
		return nil, err
	}
	*place = p.place(c.first)
	return s, nil
}

// check refuses modifiers that the kind does not have.
func (c creation) check(at token.Token) error {
	replaces := c.kind == TableObject || c.kind == ViewObject || c.kind == MaterializedViewObject || c.kind == ModelObject
	hasTemporary := c.kind == TableObject || c.kind == ViewObject || c.kind == FunctionObject || c.kind == ModelObject
	switch {
	case c.kind == JobObject:
		return errs.Userf("a job is not created by its own statement").At(at.Span()).WithHint("an INSERT INTO starts a job")
	case c.orReplace && !replaces:
		return errs.Unsupportedf("CREATE OR REPLACE %s is not supported", c.kind).At(at.Span())
	case c.orAlter && c.kind != MaterializedViewObject:
		return errs.Userf("OR ALTER belongs to materialized views only").At(at.Span()).WithHint("write CREATE OR REPLACE, or ALTER %s", c.kind)
	case c.temporary && !hasTemporary:
		return errs.Userf("a %s cannot be temporary", c.kind).At(at.Span())
	}
	return nil
}

// createBody parses what follows the name and returns the statement's place to be
// filled in.
func (p *parser) createBody(c creation) (Statement, *Place, error) {
	switch c.kind {
	case TableObject:
		s := &CreateTable{Temporary: c.temporary, IfNotExists: c.ifNotExists, OrReplace: c.orReplace, Name: c.name}
		return s, &s.Place, p.tableBody(s)
	case ViewObject:
		s := &CreateView{Temporary: c.temporary, IfNotExists: c.ifNotExists, OrReplace: c.orReplace, Name: c.name}
		return s, &s.Place, p.viewBody(s)
	case MaterializedViewObject:
		s := &CreateMaterializedView{IfNotExists: c.ifNotExists, OrReplace: c.orReplace, OrAlter: c.orAlter, Name: c.name}
		return s, &s.Place, p.materializedViewBody(s)
	case FunctionObject:
		s := &CreateFunction{Temporary: c.temporary, System: c.system, IfNotExists: c.ifNotExists, Name: c.name}
		return s, &s.Place, p.functionBody(s)
	case ModelObject:
		s := &CreateModel{Temporary: c.temporary, IfNotExists: c.ifNotExists, OrReplace: c.orReplace, Name: c.name}
		return s, &s.Place, p.modelBody(s)
	case StreamObject:
		s := &CreateStream{IfNotExists: c.ifNotExists, Name: c.name}
		return s, &s.Place, p.streamBody(s)
	case CatalogObject:
		s := &CreateCatalog{IfNotExists: c.ifNotExists, Name: c.name.Parts[0]}
		if len(c.name.Parts) > 1 {
			return nil, nil, errs.Userf("a catalog's name has one part").At(c.name.Pos())
		}
		return s, &s.Place, p.properties(&s.Comment, &s.With)
	default:
		s := &CreateDatabase{IfNotExists: c.ifNotExists, Name: c.name}
		return s, &s.Place, p.properties(&s.Comment, &s.With)
	}
}

// comment reads COMMENT '…' into target if it is next.
func (p *parser) comment(target **string) error {
	if !p.Is("COMMENT") {
		return nil
	}
	p.Next()
	text, err := p.stringLiteral()
	if err != nil {
		return err
	}
	*target = &text
	return nil
}

// properties reads [COMMENT '…'] [WITH (…)].
func (p *parser) properties(comment **string, with *[]Option) error {
	if err := p.comment(comment); err != nil {
		return err
	}
	if !p.Accept("WITH") {
		return nil
	}
	var err error
	*with, err = p.options()
	return err
}

// viewBody parses [(columns)] [COMMENT '…'] AS query.
func (p *parser) viewBody(s *CreateView) error {
	if p.Is("(") {
		if err := p.list(func() error { return p.viewColumn(&s.Columns) }); err != nil {
			return err
		}
	}
	if err := p.comment(&s.Comment); err != nil {
		return err
	}
	if err := p.Expect("AS"); err != nil {
		return err
	}
	var err error
	s.Query, err = p.query()
	return err
}

func (p *parser) viewColumn(columns *[]ViewColumn) error {
	first := p.Index()
	name, err := p.ident()
	if err != nil {
		return err
	}
	c := ViewColumn{Name: name}
	if err := p.comment(&c.Comment); err != nil {
		return err
	}
	c.Place = p.place(first)
	*columns = append(*columns, c)
	return nil
}

// materializedViewBody parses [(columns, PRIMARY KEY …)] [COMMENT] [WITH] AS query.
func (p *parser) materializedViewBody(s *CreateMaterializedView) error {
	if p.Is("(") {
		err := p.list(func() error {
			if p.atConstraint() {
				return p.constraint(&s.PrimaryKey, nil)
			}
			return p.viewColumn(&s.Columns)
		})
		if err != nil {
			return err
		}
	}
	if err := p.properties(&s.Comment, &s.With); err != nil {
		return err
	}
	if err := p.freshness(s); err != nil {
		return err
	}
	if err := p.Expect("AS"); err != nil {
		return err
	}
	var err error
	s.Query, err = p.query()
	return err
}

// freshness parses [FRESHNESS = INTERVAL 'n' unit] [REFRESH_MODE = mode].
func (p *parser) freshness(s *CreateMaterializedView) error {
	if first := p.Index(); p.Accept("FRESHNESS") {
		if err := p.Expect("="); err != nil {
			return err
		}
		if err := p.Expect("INTERVAL"); err != nil {
			return err
		}
		count, err := p.stringLiteral()
		if err != nil {
			return err
		}
		unit := p.Peek()
		if !unit.Is("SECOND", "MINUTE", "HOUR", "DAY") {
			return p.Unexpected("SECOND, MINUTE, HOUR or DAY")
		}
		p.Next()
		s.Freshness = &Freshness{Place: p.place(first), Count: count, Unit: unit.Upper}
	}
	if p.Accept("REFRESH_MODE") {
		if err := p.Expect("="); err != nil {
			return err
		}
		mode := p.Peek()
		if !mode.Is("CONTINUOUS", "FULL") {
			return p.Unexpected("CONTINUOUS or FULL")
		}
		p.Next()
		s.RefreshMode, s.RefreshPlace = mode.Upper, Place{Span: mode.Span()}
	}
	return nil
}

// functionBody parses AS 'class' [LANGUAGE x] [USING JAR '…', …] [WITH (…)].
func (p *parser) functionBody(s *CreateFunction) error {
	if err := p.Expect("AS"); err != nil {
		return err
	}
	class, err := p.Value(token.String)
	if err != nil {
		return err
	}
	s.Class, s.ClassPlace = class.Text, Place{Span: class.Span()}
	if p.Accept("LANGUAGE") {
		t := p.Peek()
		if t.Kind != token.Word {
			return p.Unexpected("a language")
		}
		p.Next()
		s.Language = t.Upper
	}
	if p.Accept("USING") {
		if err := p.resources(s); err != nil {
			return err
		}
	}
	if p.Accept("WITH") {
		s.With, err = p.options()
	}
	return err
}

func (p *parser) resources(s *CreateFunction) error {
	for {
		first, t := p.Index(), p.Peek()
		if !t.Is("JAR", "FILE", "ARCHIVE") {
			return p.Unexpected("JAR, FILE or ARCHIVE")
		}
		p.Next()
		path, err := p.stringLiteral()
		if err != nil {
			return err
		}
		s.Using = append(s.Using, Resource{Place: p.place(first), Kind: t.Upper, Path: path})
		if !p.Accept(",") {
			return nil
		}
	}
}

// modelBody parses [INPUT (…)] [OUTPUT (…)] [COMMENT] [WITH].
func (p *parser) modelBody(s *CreateModel) error {
	for _, part := range []struct {
		word    string
		columns *[]Column
	}{{"INPUT", &s.Input}, {"OUTPUT", &s.Output}} {
		if !p.Accept(part.word) {
			continue
		}
		err := p.list(func() error {
			c, err := p.column(nil)
			if err == nil && c.Kind != PhysicalColumn && (c.Kind != MetadataColumn || part.word == "INPUT") {
				return errs.Userf("a model's column has a name and a type").At(c.Pos())
			}
			*part.columns = append(*part.columns, c)
			return err
		})
		if err != nil {
			return err
		}
	}
	return p.properties(&s.Comment, &s.With)
}

// streamBody parses [(columns …)] [COMMENT] [WITH].
func (p *parser) streamBody(s *CreateStream) error {
	if p.Is("(") {
		e := tableElements{columns: &s.Columns, watermarks: &s.Watermarks, primaryKey: &s.PrimaryKey}
		if err := p.list(func() error { return p.tableElement(e) }); err != nil {
			return err
		}
	}
	return p.properties(&s.Comment, &s.With)
}

package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
	"github.com/thalweg/thalweg/sql/internal/typename"
)

// tableElements says where the elements of a column list go; nil means that the
// object has no such elements.
type tableElements struct {
	columns    *[]Column
	watermarks *[]WatermarkDef
	primaryKey **PrimaryKey
	uniqueKeys *[]PrimaryKey
	// asColumns takes bare names.
	asColumns *[]Ident
}

// tableBody parses what follows the name of a table.
func (p *parser) tableBody(s *CreateTable) error {
	if p.Is("(", ")") {
		p.Next()
		p.Next()
	} else if p.Is("(") {
		e := tableElements{&s.Columns, &s.Watermarks, &s.PrimaryKey, &s.UniqueKeys, &s.AsColumns}
		if err := p.list(func() error { return p.tableElement(e) }); err != nil {
			return err
		}
	}
	for {
		before := p.Index()
		if err := p.tableClause(s); err != nil {
			return err
		}
		if p.Index() == before {
			break
		}
	}
	if len(s.AsColumns) > 0 && (s.As == nil || len(s.Columns) > 0) {
		return errs.Userf("the column %s has no type", s.AsColumns[0].Text).At(s.AsColumns[0].Pos())
	}
	return nil
}

// tableClause parses one clause behind the columns if one is next.
func (p *parser) tableClause(s *CreateTable) error {
	t := p.Peek()
	var err error
	switch {
	case t.Is("COMMENT") && s.Comment == nil:
		return p.comment(&s.Comment)
	case t.Is("DISTRIBUTED") && s.Distributed == nil:
		return p.distribution(s)
	case t.Is("PARTITIONED") && s.PartitionBy == nil:
		p.Next()
		if err := p.Expect("BY"); err != nil {
			return err
		}
		s.PartitionBy, err = p.idents()
	case t.Is("WITH") && s.With == nil:
		p.Next()
		s.With, err = p.options()
	case t.Is("LIKE") && s.Like == nil:
		return p.likeTable(s)
	case t.Is("AS") && s.As == nil:
		p.Next()
		s.As, err = p.query()
	}
	return err
}

// distribution parses DISTRIBUTED [BY [HASH|RANGE] (columns)] [INTO n BUCKETS].
func (p *parser) distribution(s *CreateTable) error {
	first := p.Index()
	p.Next()
	d := &Distribution{}
	var err error
	switch {
	case p.Accept("BY"):
		if p.Is("HASH") || p.Is("RANGE") {
			d.Kind = p.Next().Upper
		}
		if d.Columns, err = p.idents(); err != nil {
			return err
		}
	case !p.Is("INTO"):
		return p.Unexpected("BY or INTO")
	}
	if p.Accept("INTO") {
		if d.Buckets, err = p.smallNumber(1, 1<<20); err != nil {
			return err
		}
		if err := p.Expect("BUCKETS"); err != nil {
			return err
		}
	}
	d.Place = p.place(first)
	s.Distributed = d
	return nil
}

// likeTable parses LIKE name [(options)].
func (p *parser) likeTable(s *CreateTable) error {
	first := p.Index()
	p.Next()
	l := &LikeTable{}
	var err error
	if l.Name, err = p.name(); err != nil {
		return err
	}
	if p.Accept("(") {
		for !p.Accept(")") {
			o, err := p.likeOption()
			if err != nil {
				return err
			}
			l.Options = append(l.Options, o)
		}
	}
	l.Place = p.place(first)
	s.Like = l
	return nil
}

func (p *parser) likeOption() (LikeOption, error) {
	first, strategy := p.Index(), p.Peek()
	if !strategy.Is("INCLUDING", "EXCLUDING", "OVERWRITING") {
		return LikeOption{}, p.Unexpected("INCLUDING, EXCLUDING or OVERWRITING")
	}
	p.Next()
	feature := p.Peek()
	if !feature.Is("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS") {
		return LikeOption{}, p.Unexpected("ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS")
	}
	p.Next()
	return LikeOption{Place: p.place(first), Strategy: strategy.Upper, Feature: feature.Upper}, nil
}

// tableElement parses a column, a watermark or a constraint.
func (p *parser) tableElement(e tableElements) error {
	switch {
	case p.Is("WATERMARK", "FOR"):
		w, err := p.watermark()
		*e.watermarks = append(*e.watermarks, w)
		return err
	case p.atConstraint():
		return p.constraint(e.primaryKey, e.uniqueKeys)
	case e.asColumns != nil && p.Peek().IsName() && p.PeekAt(1).Is(",", ")"):
		id, err := p.ident()
		*e.asColumns = append(*e.asColumns, id)
		return err
	}
	c, err := p.column(e.primaryKey)
	*e.columns = append(*e.columns, c)
	return err
}

// watermark parses WATERMARK FOR path AS expr.
func (p *parser) watermark() (WatermarkDef, error) {
	first := p.Index()
	w := WatermarkDef{}
	if err := p.Expect("WATERMARK", "FOR"); err != nil {
		return w, err
	}
	var err error
	if w.Column, err = p.name(); err != nil {
		return w, err
	}
	if err := p.Expect("AS"); err != nil {
		return w, err
	}
	w.Expr, err = p.expr()
	w.Place = p.place(first)
	return w, err
}

// atConstraint reports whether a table constraint is next.
func (p *parser) atConstraint() bool {
	return p.Is("PRIMARY", "KEY") || p.Is("UNIQUE", "(") ||
		p.Is("CONSTRAINT") && p.PeekAt(1).IsName() && p.PeekAt(2).Is("PRIMARY", "UNIQUE")
}

// constraint parses [CONSTRAINT name] {PRIMARY KEY|UNIQUE} (columns) [[NOT] ENFORCED].
func (p *parser) constraint(primary **PrimaryKey, unique *[]PrimaryKey) error {
	first := p.Index()
	key := PrimaryKey{}
	if p.Accept("CONSTRAINT") {
		id, err := p.ident()
		if err != nil {
			return err
		}
		key.Constraint = &id
	}
	isUnique := p.Accept("UNIQUE")
	if !isUnique {
		if err := p.Expect("PRIMARY", "KEY"); err != nil {
			return err
		}
	}
	var err error
	if key.Columns, err = p.idents(); err != nil {
		return err
	}
	key.Enforced = p.enforced()
	key.Place = p.place(first)
	switch {
	case isUnique && unique == nil:
		return errs.Unsupportedf("UNIQUE is not supported here").At(key.Pos())
	case isUnique:
		*unique = append(*unique, key)
	case *primary != nil:
		return errs.Userf("a table has one primary key").At(key.Pos())
	default:
		*primary = &key
	}
	return nil
}

// enforced reads [[NOT] ENFORCED]; nothing means enforced.
func (p *parser) enforced() bool {
	if p.Accept("NOT", "ENFORCED") {
		return false
	}
	p.Accept("ENFORCED")
	return true
}

// column parses one column; a PRIMARY KEY behind it goes to primary, if not nil.
func (p *parser) column(primary **PrimaryKey) (Column, error) {
	first := p.Index()
	c := Column{}
	var err error
	if c.Name, err = p.ident(); err != nil {
		return c, err
	}
	if p.Accept("AS") {
		c.Kind = ComputedColumn
		if c.Expr, err = p.expr(); err != nil {
			return c, err
		}
		err = p.comment(&c.Comment)
		c.Place = p.place(first)
		return c, err
	}
	if t := p.Peek(); t.Is(",", ")") || t.Kind == token.EOF {
		return c, errs.Userf("the column %s has no type", c.Name.Text).At(c.Name.Pos())
	}
	typeFirst := p.Index()
	if c.Type, err = typename.Parse(p.Cursor); err != nil {
		return c, err
	}
	c.TypePlace = p.place(typeFirst)
	if err := p.columnTail(&c, primary); err != nil {
		return c, err
	}
	c.Place = p.place(first)
	return c, nil
}

// columnTail parses METADATA, constraints and COMMENT behind a column's type.
func (p *parser) columnTail(c *Column, primary **PrimaryKey) error {
	for {
		first := p.Index()
		switch {
		case p.Is("METADATA") && c.Kind == PhysicalColumn:
			p.Next()
			c.Kind = MetadataColumn
			if p.Accept("FROM") {
				key, err := p.stringLiteral()
				if err != nil {
					return err
				}
				c.MetadataKey = key
			}
			c.Virtual = p.Accept("VIRTUAL")
		case p.Is("PRIMARY", "KEY") || p.Is("CONSTRAINT") && p.PeekAt(2).Is("PRIMARY"):
			if primary == nil {
				return p.Unexpected("the end of the column")
			}
			key := &PrimaryKey{}
			if p.Accept("CONSTRAINT") {
				id, err := p.ident()
				if err != nil {
					return err
				}
				key.Constraint = &id
			}
			if err := p.Expect("PRIMARY", "KEY"); err != nil {
				return err
			}
			key.Enforced = p.enforced()
			key.Place = p.place(first)
			key.Columns = []Ident{{Place: key.Place, Text: c.Name.Text}}
			if *primary != nil {
				return errs.Userf("a table has one primary key").At(key.Pos())
			}
			*primary = key
		case p.Is("COMMENT") && c.Comment == nil:
			if err := p.comment(&c.Comment); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// alter parses ALTER ….
func (p *parser) alter() (*Alter, error) {
	first := p.Index()
	p.Next()
	s := &Alter{Temporary: p.Accept("TEMPORARY")}
	s.System = p.Accept("SYSTEM")
	var err error
	if s.Kind, err = p.objectKind(); err != nil {
		return nil, err
	}
	if s.Kind == JobObject {
		return nil, errs.Userf("a job cannot be altered").At(p.At(p.Index() - 1).Span()).WithHint("write STOP JOB 'id'")
	}
	if err := p.checkSystem(s.System, s.Kind); err != nil {
		return nil, err
	}
	s.IfExists = p.Accept("IF", "EXISTS")
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if err := p.alterActions(s); err != nil {
		return nil, err
	}
	s.Place = p.place(first)
	return s, nil
}

// alterActions parses what follows the object's name.
func (p *parser) alterActions(s *Alter) error {
	first, t := p.Index(), p.Peek()
	columns := s.Kind == TableObject || s.Kind == StreamObject
	var action AlterAction
	var err error
	switch {
	case t.Is("RENAME"):
		action, err = p.alterRename(columns)
	case t.Is("SET"):
		p.Next()
		a := &AlterSet{}
		a.Options, err = p.options()
		a.Place = p.place(first)
		action = a
	case t.Is("RESET"):
		p.Next()
		a := &AlterReset{}
		err = p.list(func() error {
			key, err := p.Value(token.String)
			a.Keys = append(a.Keys, identOf(key))
			return err
		})
		a.Place = p.place(first)
		action = a
	case t.Is("ADD", "DROP") && columns && p.atPartition():
		action, err = p.alterPartitions()
	case t.Is("ADD", "MODIFY") && columns:
		return p.alterAdd(s)
	case t.Is("DROP") && columns:
		action, err = p.alterDrop()
	case t.Is("AS") && (s.Kind == ViewObject || s.Kind == MaterializedViewObject):
		p.Next()
		a := &AlterQuery{}
		a.Query, err = p.query()
		a.Place = p.place(first)
		action = a
	case t.Is("AS") && s.Kind == FunctionObject:
		action, err = p.alterClass()
	case t.Is("SUSPEND", "RESUME", "REFRESH") && s.Kind == MaterializedViewObject:
		p.Next()
		action = &AlterRefresh{Place: p.place(first), What: t.Upper}
	case t.Is("COMMENT"):
		p.Next()
		a := &AlterComment{}
		a.Comment, err = p.stringLiteral()
		a.Place = p.place(first)
		action = a
	default:
		return p.Unexpected("SET, RESET, RENAME, ADD, MODIFY, DROP or AS")
	}
	s.Actions = []AlterAction{action}
	return err
}

// alterRename parses RENAME TO name, or RENAME column TO column.
func (p *parser) alterRename(columns bool) (AlterAction, error) {
	first := p.Index()
	p.Next()
	if p.Accept("TO") {
		to, err := p.name()
		return &AlterRename{Place: p.place(first), To: to}, err
	}
	if !columns {
		return nil, p.Unexpected("TO")
	}
	from, err := p.name()
	if err != nil {
		return nil, err
	}
	if err := p.Expect("TO"); err != nil {
		return nil, err
	}
	to, err := p.ident()
	return &AlterRenameColumn{Place: p.place(first), From: from, To: to}, err
}

// alterClass parses AS 'class' [LANGUAGE x].
func (p *parser) alterClass() (AlterAction, error) {
	first := p.Index()
	p.Next()
	a := &AlterClass{}
	class, err := p.Value(token.String)
	if err != nil {
		return nil, err
	}
	a.Class, a.ClassPlace = class.Text, Place{Span: class.Span()}
	if p.Accept("LANGUAGE") {
		t := p.Peek()
		if t.Kind != token.Word {
			return nil, p.Unexpected("a language")
		}
		p.Next()
		a.Language = t.Upper
	}
	a.Place = p.place(first)
	return a, nil
}

// atPartition reports that partitions are to be added or dropped.
func (p *parser) atPartition() bool {
	at := 1
	if p.PeekAt(at).Is("IF") {
		for at++; p.PeekAt(at).Is("NOT", "EXISTS"); {
			at++
		}
	}
	return p.PeekAt(at).Is("PARTITION") && p.PeekAt(at+1).Is("(")
}

// alterPartitions parses {ADD [IF NOT EXISTS] | DROP [IF EXISTS]} PARTITION (…) ….
func (p *parser) alterPartitions() (AlterAction, error) {
	first := p.Index()
	a := &AlterPartitions{Drop: p.Next().Is("DROP")}
	if a.Drop {
		a.Lenient = p.Accept("IF", "EXISTS")
	} else {
		a.Lenient = p.Accept("IF", "NOT", "EXISTS")
	}
	for {
		if err := p.Expect("PARTITION"); err != nil {
			return nil, err
		}
		var values []PartitionValue
		if err := p.list(func() error { return p.partitionValue(&values) }); err != nil {
			return nil, err
		}
		a.Partitions = append(a.Partitions, values)
		p.Accept(",")
		if !p.Is("PARTITION") {
			a.Place = p.place(first)
			return a, nil
		}
	}
}

// alterAdd parses {ADD|MODIFY} element, or {ADD|MODIFY} (element, …).
func (p *parser) alterAdd(s *Alter) error {
	word := p.Next()
	modify := word.Is("MODIFY")
	if p.Is("DISTRIBUTION") {
		return errs.Unsupportedf("ALTER TABLE … %s %s is not supported", word.Upper, p.Peek().Upper).At(p.Peek().Span())
	}
	one := func() error {
		a, err := p.alterElement(modify)
		s.Actions = append(s.Actions, a...)
		return err
	}
	if p.Is("(") {
		return p.list(one)
	}
	return one()
}

// alterElement parses a column, watermark or primary key of ADD and MODIFY. A
// column with PRIMARY KEY behind it gives two actions.
func (p *parser) alterElement(modify bool) ([]AlterAction, error) {
	first := p.Index()
	switch {
	case p.Is("WATERMARK", "FOR"):
		w, err := p.watermark()
		return []AlterAction{&AlterWatermark{Place: p.place(first), Modify: modify, Watermark: w}}, err
	case p.atConstraint():
		var key *PrimaryKey
		if err := p.constraint(&key, nil); err != nil {
			return nil, err
		}
		return []AlterAction{&AlterPrimaryKey{Place: p.place(first), Modify: modify, Key: *key}}, nil
	}
	if p.Is("COLUMN") && p.PeekAt(1).IsName() {
		p.Next()
	}
	a := &AlterColumn{Modify: modify}
	var key *PrimaryKey
	var err error
	if a.Column, err = p.column(&key); err != nil {
		return nil, err
	}
	switch {
	case p.Accept("FIRST"):
		a.First = true
	case p.Accept("AFTER"):
		id, err := p.ident()
		if err != nil {
			return nil, err
		}
		a.After = &id
	}
	a.Place = p.place(first)
	if key == nil {
		return []AlterAction{a}, nil
	}
	return []AlterAction{a, &AlterPrimaryKey{Place: key.Place, Modify: modify, Key: *key}}, nil
}

// alterDrop parses DROP of a column, several columns, a key, constraint or
// watermark.
func (p *parser) alterDrop() (AlterAction, error) {
	first := p.Index()
	p.Next()
	a := &AlterDrop{What: "COLUMN"}
	var err error
	switch {
	case p.Accept("PRIMARY", "KEY"):
		a.What = "PRIMARY KEY"
	case p.Is("WATERMARK") && !p.PeekAt(1).Is("."):
		p.Next()
		a.What = "WATERMARK"
	case p.Is("DISTRIBUTION"):
		p.Next()
		a.What = "DISTRIBUTION"
	case p.Is("CONSTRAINT") && p.PeekAt(1).IsName():
		p.Next()
		a.What = "CONSTRAINT"
		var n Name
		n, err = p.name()
		a.Names = []Name{n}
	default:
		if p.Is("COLUMN") && p.PeekAt(1).IsName() {
			p.Next()
		}
		if p.Is("(") {
			err = p.list(func() error {
				n, err := p.name()
				a.Names = append(a.Names, n)
				return err
			})
			break
		}
		var n Name
		n, err = p.name()
		a.Names = []Name{n}
	}
	a.Place = p.place(first)
	return a, err
}

package sql

import "github.com/thalweg/thalweg/internal/types"

// statement writes any statement.
func (f *formatter) statement(s Statement) {
	switch s := s.(type) {
	case *QueryStatement:
		f.query(s.Query)
	case *Insert:
		f.insert(s)
	case *StatementSet:
		f.words("EXECUTE STATEMENT SET\nBEGIN\n")
		for _, inner := range s.Statements {
			f.statement(inner)
			f.words(";\n")
		}
		f.words("END")
	case *Explain:
		f.words("EXPLAIN ")
		f.each(len(s.Details), ", ", func(i int) { f.words(s.Details[i].String()) })
		f.wordIf(len(s.Details) > 0, " ")
		f.statement(s.Statement)
	case *CreateTable:
		f.createTable(s)
	case *CreateView, *CreateMaterializedView:
		f.createView(s)
	case *CreateFunction, *CreateModel, *CreateStream, *CreateCatalog, *CreateDatabase:
		f.createOther(s)
	case *Alter:
		f.alter(s)
	default:
		f.utility(s)
	}
}

// partitions writes ADD and DROP of partitions.
func (f *formatter) partitions(a *AlterPartitions) {
	if a.Drop {
		f.words("DROP")
		f.wordIf(a.Lenient, " IF EXISTS")
	} else {
		f.words("ADD")
		f.wordIf(a.Lenient, " IF NOT EXISTS")
	}
	f.each(len(a.Partitions), "", func(i int) {
		f.partitionValues(a.Partitions[i])
	})
}

func (f *formatter) partitionValues(values []PartitionValue) {
	f.words(" PARTITION (")
	f.each(len(values), ", ", func(i int) {
		f.ident(values[i].Column)
		if v := values[i].Value; v != nil {
			f.words(" = ")
			f.expr(v, 0)
		}
	})
	f.words(")")
}

// utility writes the small statements.
func (f *formatter) utility(s Statement) {
	switch s := s.(type) {
	case *Truncate:
		f.words("TRUNCATE TABLE ")
		f.name(s.Name)
	case *Set:
		f.words("SET")
		if s.HasKey {
			f.words(" ", types.QuoteString(s.Key))
		}
		if s.HasValue {
			f.words(" = ", types.QuoteString(s.Value))
		}
	case *Reset:
		f.words("RESET")
		if s.HasKey {
			f.words(" ", types.QuoteString(s.Key))
		}
	case *Use:
		f.words("USE ")
		f.wordIf(s.Kind == CatalogObject, "CATALOG ")
		f.name(s.Name)
	case *Describe:
		f.words("DESCRIBE ")
		f.wordIf(s.Extended, "EXTENDED ")
		f.wordIf(s.Kind != TableObject, s.Kind.String()+" ")
		if s.Kind == JobObject {
			f.quote(s.Name.Last())
			return
		}
		f.name(s.Name)
	case *Show:
		f.show(s)
	case *StopJob:
		f.words("STOP JOB ", types.QuoteString(s.Job))
		f.wordIf(s.Savepoint, " WITH SAVEPOINT")
		f.wordIf(s.Drain, " WITH DRAIN")
	case *Modules:
		f.words(s.Verb, " MODULE")
		f.wordIf(s.Verb == "USE", "S")
		for i, name := range s.Names {
			f.wordIf(i > 0, ",")
			f.words(" ")
			f.ident(name)
		}
		f.with(s.With)
	case *Jar:
		if s.Remove {
			f.words("REMOVE JAR ", types.QuoteString(s.Path))
			return
		}
		f.words("ADD JAR ", types.QuoteString(s.Path))
	case *Drop:
		f.drop(s)
	}
}

func (f *formatter) show(s *Show) {
	f.words("SHOW ", s.What)
	f.wordIf(s.What == "COLUMNS", " FROM")
	if s.Name != nil {
		f.words(" ")
		f.name(*s.Name)
	}
	if s.Partition != nil {
		f.partitionValues(s.Partition)
	}
	if s.From != nil {
		f.words(" FROM ")
		f.name(*s.From)
	}
	if s.LikeOp != "" {
		f.wordIf(s.NotLike, " NOT")
		f.words(" ", s.LikeOp, " ", types.QuoteString(s.Like))
	}
}

func (f *formatter) drop(s *Drop) {
	f.words("DROP ")
	f.wordIf(s.Temporary, "TEMPORARY ")
	f.wordIf(s.System, "SYSTEM ")
	f.words(s.Kind.String(), " ")
	f.wordIf(s.IfExists, "IF EXISTS ")
	f.name(s.Name)
	f.wordIf(s.Cascade, " CASCADE")
	f.wordIf(s.Restrict, " RESTRICT")
}

func (f *formatter) insert(s *Insert) {
	f.words("INSERT ")
	if s.Overwrite {
		f.words("OVERWRITE ")
	} else {
		f.words("INTO ")
	}
	f.name(s.Table)
	f.hints(s.Hints)
	if s.Partition != nil {
		f.partitionValues(s.Partition)
	}
	if s.Columns != nil {
		f.words(" ")
		f.idents(s.Columns)
	}
	f.words(" ")
	f.query(s.Query)
	if s.OnConflict != nil {
		f.words(" ON CONFLICT DO ", s.OnConflict.Do)
	}
}

// alter writes ALTER.
func (f *formatter) alter(s *Alter) {
	f.words("ALTER ")
	f.wordIf(s.Temporary, "TEMPORARY ")
	f.wordIf(s.System, "SYSTEM ")
	f.words(s.Kind.String(), " ")
	f.wordIf(s.IfExists, "IF EXISTS ")
	f.name(s.Name)
	f.words(" ")
	switch a := s.Actions[0].(type) {
	case *AlterColumn:
		f.alterElements(s.Actions, a.Modify)
	case *AlterWatermark:
		f.alterElements(s.Actions, a.Modify)
	case *AlterPrimaryKey:
		f.alterElements(s.Actions, a.Modify)
	default:
		f.alterAction(a)
	}
}

// alterElements writes ADD (…) or MODIFY (…).
func (f *formatter) alterElements(actions []AlterAction, modify bool) {
	if modify {
		f.words("MODIFY (")
	} else {
		f.words("ADD (")
	}
	f.each(len(actions), ", ", func(i int) {
		switch a := actions[i].(type) {
		case *AlterColumn:
			f.column(a.Column)
			f.wordIf(a.First, " FIRST")
			if a.After != nil {
				f.words(" AFTER ")
				f.ident(*a.After)
			}
		case *AlterWatermark:
			f.watermark(a.Watermark)
		case *AlterPrimaryKey:
			f.key("PRIMARY KEY", a.Key)
		}
	})
	f.words(")")
}

// alterAction writes the actions that come alone.
func (f *formatter) alterAction(action AlterAction) {
	switch a := action.(type) {
	case *AlterRename:
		f.words("RENAME TO ")
		f.name(a.To)
	case *AlterRenameColumn:
		f.words("RENAME ")
		f.name(a.From)
		f.words(" TO ")
		f.ident(a.To)
	case *AlterSet:
		f.words("SET ")
		f.options(a.Options)
	case *AlterReset:
		f.words("RESET (")
		f.each(len(a.Keys), ", ", func(i int) { f.quote(a.Keys[i].Text) })
		f.words(")")
	case *AlterDrop:
		f.words("DROP ")
		f.wordIf(a.What != "COLUMN", a.What)
		f.wordIf(a.What == "CONSTRAINT", " ")
		f.wordIf(a.What == "COLUMN", "(")
		f.each(len(a.Names), ", ", func(i int) { f.name(a.Names[i]) })
		f.wordIf(a.What == "COLUMN", ")")
	case *AlterQuery:
		f.words("AS ")
		f.query(a.Query)
	case *AlterClass:
		f.words("AS ", types.QuoteString(a.Class))
		f.wordIf(a.Language != "", " LANGUAGE "+a.Language)
	case *AlterPartitions:
		f.partitions(a)
	case *AlterRefresh:
		f.words(a.What)
	case *AlterComment:
		f.words("COMMENT ", types.QuoteString(a.Comment))
	}
}

package sql

// AlterRename is RENAME TO name.
type AlterRename struct {
	Place
	To Name
}

// AlterRenameColumn is RENAME column TO column.
type AlterRenameColumn struct {
	Place
	From Name
	To   Ident
}

// AlterSet is SET ('key' = 'value', …).
type AlterSet struct {
	Place
	Options []Option
}

// AlterReset is RESET ('key', …).
type AlterReset struct {
	Place
	Keys []Ident
}

// AlterColumn is ADD or MODIFY of one column.
type AlterColumn struct {
	Place
	Modify bool
	Column Column
	// First and After say where the column goes; After is nil without.
	First bool
	After *Ident
}

// AlterWatermark is ADD or MODIFY WATERMARK.
type AlterWatermark struct {
	Place
	Modify    bool
	Watermark WatermarkDef
}

// AlterPrimaryKey is ADD or MODIFY PRIMARY KEY.
type AlterPrimaryKey struct {
	Place
	Modify bool
	Key    PrimaryKey
}

// AlterDrop is DROP of columns, the primary key, a constraint, the watermark or
// the distribution.
type AlterDrop struct {
	Place
	// What is "COLUMN", "PRIMARY KEY", "CONSTRAINT", "WATERMARK" or "DISTRIBUTION".
	What string
	// Names are the columns or the constraint; nil otherwise.
	Names []Name
}

// AlterQuery is ALTER VIEW name AS query.
type AlterQuery struct {
	Place
	Query *Query
}

// AlterClass is ALTER FUNCTION name AS 'class' [LANGUAGE …].
type AlterClass struct {
	Place
	Class      string
	ClassPlace Place
	Language   string
}

// AlterRefresh is SUSPEND, RESUME or REFRESH of a materialized view.
type AlterRefresh struct {
	Place
	// What is "SUSPEND", "RESUME" or "REFRESH".
	What string
}

// AlterPartitions is ADD [IF NOT EXISTS] or DROP [IF EXISTS] PARTITION (…) ….
type AlterPartitions struct {
	Place
	Drop bool
	// Lenient is IF [NOT] EXISTS.
	Lenient    bool
	Partitions [][]PartitionValue
}

// AlterComment is COMMENT 'text'.
type AlterComment struct {
	Place
	Comment string
}

func (*AlterRename) alterAction()       {}
func (*AlterRenameColumn) alterAction() {}
func (*AlterSet) alterAction()          {}
func (*AlterReset) alterAction()        {}
func (*AlterColumn) alterAction()       {}
func (*AlterWatermark) alterAction()    {}
func (*AlterPrimaryKey) alterAction()   {}
func (*AlterDrop) alterAction()         {}
func (*AlterQuery) alterAction()        {}
func (*AlterClass) alterAction()        {}
func (*AlterRefresh) alterAction()      {}
func (*AlterPartitions) alterAction()   {}
func (*AlterComment) alterAction()      {}

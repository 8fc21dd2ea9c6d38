package rows

// List is copies of encoded rows, one after another in memory that is used again.
type List struct {
	data []byte
	ends []int
	list [][]byte
}

// Add copies a row to the end of the list.
func (l *List) Add(row []byte) {
	l.data = append(l.data, row...)
	l.ends = append(l.ends, len(l.data))
}

// Len is the number of rows.
func (l *List) Len() int { return len(l.ends) }

// Take gives the rows and empties the list. They are valid until the next Add.
func (l *List) Take() [][]byte {
	l.list = l.list[:0]
	from := 0
	for _, end := range l.ends {
		l.list = append(l.list, l.data[from:end])
		from = end
	}
	l.data, l.ends = l.data[:0], l.ends[:0]
	return l.list
}

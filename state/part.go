package state

// Part is the image of one former task, fetched to restore from.
type Part struct {
	// Dir is a directory with the image's files. Whoever opens a store from it
	// takes it over and removes it.
	Dir string
	// KeyGroups is the range of key groups that the image holds.
	KeyGroups GroupRange
}

package nexmark

import (
	"bufio"
	"fmt"
	"os"

	"github.com/thalweg/thalweg/internal/errs"
)

// sideRows is the number of keys of q13's side table.
const sideRows = 10_000

// WriteSide writes the side table that q13 looks up (its variable SIDE names the
// file): a text for each key that MOD(auction, 10000) can be.
func WriteSide(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "side table of q13")
	}
	w := bufio.NewWriter(file)
	for key := range sideRows {
		fmt.Fprintf(w, "%d,side %d\n", key, key*7919%sideRows)
	}
	err = w.Flush()
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return errs.Wrap(errs.Resource, err, "side table of q13")
}

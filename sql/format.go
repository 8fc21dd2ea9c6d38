package sql

import (
	"strings"

	"github.com/thalweg/thalweg/internal/types"
)

// formatter collects canonical text.
type formatter struct {
	b strings.Builder
}

// name writes a dotted path.
func (f *formatter) name(n Name) {
	for i, part := range n.Parts {
		if i > 0 {
			f.b.WriteByte('.')
		}
		f.b.WriteString(types.QuoteIdent(part.Text))
	}
}

package nexmark

import (
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/types"
)

func TestSourceContract(t *testing.T) {
	pruned := types.Schema{}
	for _, f := range Schema() {
		if f.Type.Kind == types.Row {
			f.Type.Fields = f.Type.Fields[1:3]
		}
		pruned = append(pruned, f)
	}
	c := New()
	connectortest.RunSource(t, connectortest.Source{
		Make: func(t testing.TB) connector.Source {
			parsed, err := c.Spec().Parse(map[string]string{"events.num": "300"})
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Source(connector.Table{Name: "nexmark", Schema: Schema(), Options: parsed})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Schema: Schema(), Rows: 300, Pruned: pruned[1:], Parallelism: 3,
	})
}

func TestBlockingContract(t *testing.T) {
	connectortest.Blocking(t, openSource(t, map[string]string{"stop-at": "0", "keep-alive": "true"}))
}

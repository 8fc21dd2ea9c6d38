package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/engine/enginetest"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

var pairs = types.Schema{{Name: "k", Type: types.StringType()}, {Name: "v", Type: types.Of(types.BigInt)}}

// fold applies a changelog in batches of two rows.
func fold(t *testing.T, keys []rex.SortKey, changelog ...string) []string {
	t.Helper()
	f, err := engine.NewFolder(pairs)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(changelog, 2) {
		batch, err := stream.ParseRows(memory.DefaultAllocator, pairs, chunk)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Add(batch); err != nil {
			t.Fatal(err)
		}
		batch.Release()
	}
	table, err := f.Table(keys)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	if table.Rows() != f.Len() {
		t.Errorf("%d rows, Len %d", table.Rows(), f.Len())
	}
	return stream.FormatRows(table)
}

func TestUpdatesKeepTheirPlaces(t *testing.T) {
	got := fold(t, nil, "+I k=a v=1", "+I k=b v=1", "-U k=a v=1", "+U k=a v=2", "+I k=c v=9", "-D k=b v=1")
	if want := "+I k=a v=2|+I k=c v=9"; strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func TestEqualRowsAreCounted(t *testing.T) {
	if got := fold(t, nil, "+I k=a", "+I k=a", "-D k=a"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestTableIsOrderedStably(t *testing.T) {
	keys := []rex.SortKey{{Column: 1, Descending: true}}
	got := fold(t, keys, "+I k=a v=1", "+I k=b v=3", "+I k=c v=1", "+I k=d v=NULL")
	if want := "+I k=b v=3|+I k=a v=1|+I k=c v=1|+I k=d v=NULL"; strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func TestTakingAwayWhatIsNotThereIsAnError(t *testing.T) {
	f, err := engine.NewFolder(pairs)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := stream.ParseRows(memory.DefaultAllocator, pairs, []string{"-D k=a"})
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	if err := f.Add(batch); err == nil {
		t.Error("no error")
	}
}

func TestFolderAgreesWithItsTwin(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var changelog, live []string
	for range 2000 {
		if i := random.IntN(3); i == 0 && len(live) > 0 {
			at := random.IntN(len(live))
			changelog = append(changelog, "-D "+live[at])
			live = slices.Delete(live, at, at+1)
			continue
		}
		row := fmt.Sprintf("k=k%d v=%d", random.IntN(5), random.IntN(5))
		changelog, live = append(changelog, "+I "+row), append(live, row)
	}
	want, err := enginetest.Fold(changelog)
	if err != nil {
		t.Fatal(err)
	}
	got := fold(t, nil, changelog...)
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "+I ")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

package engine_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/engine"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/expr"
)

// words is a table function from Go: the words of a text and their lengths.
func words() expr.TableFunction {
	return expr.TableFunction{
		Name: "words", Usage: "WORDS(string)", Doc: "A row for each word of a text.",
		Resolve: func(args []rex.Expr) (rex.ResolvedTable, error) {
			if len(args) != 1 {
				return rex.ResolvedTable{}, errs.Userf("WORDS takes one text, not %d values", len(args))
			}
			return rex.ResolvedTable{
				Args:    []types.Type{types.StringType()},
				Columns: types.Schema{{Name: "word", Type: types.StringType().NotNull()}, {Name: "length", Type: types.Of(types.Int).NotNull()}},
			}, nil
		},
		Bind: func(c *expr.TableCall) (expr.TableKernel, error) { return wordsKernel, nil },
	}
}

func wordsKernel(ctx *expr.EvalContext, args []arrow.Array, rows int) (expr.Rows, error) {
	texts, length := array.NewStringBuilder(ctx.Alloc), array.NewInt32Builder(ctx.Alloc)
	defer texts.Release()
	defer length.Release()
	var out expr.Rows
	for row := range rows {
		if args[0].IsNull(row) {
			continue
		}
		for _, word := range strings.Fields(args[0].(*array.String).Value(row)) {
			out.Parents = append(out.Parents, int32(row))
			texts.Append(word)
			length.Append(int32(len(word)))
		}
	}
	out.Columns = []arrow.Array{texts.NewArray(), length.NewArray()}
	return out, nil
}

func TestTableFunctionOfTheProgram(t *testing.T) {
	w := newWorld(t, engine.Options{TableFunctions: []expr.TableFunction{words()}})
	got := w.run(`
		CREATE VIEW said AS SELECT * FROM (VALUES (1, 'to be or'), (2, ''), (3, 'not')) AS v (id, line);
		SELECT id, word, n FROM said, LATERAL TABLE(words(line)) AS t (word, n);
		SELECT id, length FROM said LEFT JOIN LATERAL TABLE(WORDS(line)) AS t ON TRUE;
		SELECT word FROM TABLE(words('a b'));
SELECT words('x')`)
	want := `created view said
id, word, n
+I id=1 word=to n=2
+I id=1 word=be n=2
+I id=1 word=or n=2
+I id=3 word=not n=3
id, length
+I id=1 length=2
+I id=1 length=2
+I id=1 length=2
+I id=2 length=NULL
+I id=3 length=3
word
+I word=a
+I word=b
error: line 6:8: WORDS is a table function, which gives rows and no value
    6 | SELECT words('x')
      |        ^^^^^
hint: write it into FROM: LATERAL TABLE(WORDS(…))
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTableFunctionsHaveNamesOfTheirOwn(t *testing.T) {
	w := newWorld(t, engine.Options{})
	if err := w.engine.RegisterTableFunction(words()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"WORDS": "WORDS is already registered", "upper": "UPPER is already registered"} {
		f := words()
		f.Name = name
		if err := w.engine.RegisterTableFunction(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if got := w.run("SELECT COUNT(*) AS n FROM TABLE(words('a b'))"); got != "n\n+I n=2\n" {
		t.Error(got)
	}
}

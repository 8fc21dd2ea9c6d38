package expr

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

const shop = `{"limit": 10, "books": [
  {"kind": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
  {"kind": "fiction", "title": "Sword", "price": 12.99, "tags": ["a", "b"]},
  {"kind": "fiction", "isbn": "0-553", "title": "Moby", "price": 8.99, "tags": []},
  {"kind": "fiction", "isbn": "0-395", "title": "Rings", "price": 22.99, "lent": null, "by": {"name": "it's \"me\""}}],
  "bicycle": {"price": 19.95, "colours": ["red", "blue"]}, "list": [1, "5", 5.0, "x", null, true, [7]], "a b": {"'": 1}}`

// TestJSONPaths says what paths select: the values, or nothing where a value must be.
func TestJSONPaths(t *testing.T) {
	for path, want := range map[string]string{
		// Names, elements, slices.
		"$.bicycle.price": "19.95", "bicycle.price": "19.95", " strict  $.limit ": "10", `$["a b"]['\'']`: "1", `$."a b".*`: "[1]",
		"$.list[-1]": "[7]", "$.list[-1][0]": "7", "$.list[9]": "nothing", "$.limit[0]": "nothing", "$.list.x": "nothing",
		"$.list[ 0 , 3 ]": `[1,"x"]`, "$.list[0,9]": "[1]", "$.list[:2]": `[1,"5"]`, "$.list[4:]": "[null,true,[7]]", "$.list[-2:]": "[true,[7]]",
		"$.list[:-5]": `[1,"5"]`, "$.list[1:-1]": "[]", "$.list[-3:-1]": "[null,true]", "$.list[-1:1]": "[[7],1]", "$.list[5:2]": "[]",
		"$.books[0]['title', 'price']": `{"price":8.95,"title":"Sayings"}`, "$.books[0]['title', 'nothing']": `{"title":"Sayings"}`,
		"$.books[:2]['title', 'price'].length()": "[]", "$['limit','bicycle'].price": "[19.95]", "$.books[*].isbn": `["0-553","0-395"]`,
		// All below.
		"$..price": "[8.95,12.99,8.99,22.99,19.95]", "$..books[1].title": `["Sword"]`, "$..colours[*]": `["red","blue"]`, "$.books..name": `["it's \"me\""]`,
		"$.bicycle..*": `[19.95,["red","blue"],"red","blue"]`,
		// Functions.
		"$.list.length()": "7", "$.bicycle.size( )": "2", "$.bicycle.keys()": `["price","colours"]`, "$.limit.length()": "nothing", "$.list.first()": "1",
		"$.list.stddev()": "2.0", "$.list.sum(1, $.limit, -2.5, \"9\", $.books[*].price)": "68.42", "$.max($..price, 20)": "22.99", "$..price.max()": "22.99", "$..price.length()": "0",
		"$..tags.length()": "2", "$.length($.bicycle)": "2", "$.books.length($[1].tags)": "2", "$.length($)": "5", "$.length($.list.keys())": "nothing", "$.list.index(-2)": "true",
		"$.list.index($.bicycle.colours.length())": "5.0", "$.list.index(99)": "nothing", "$.bicycle.colours.concat(\"-\", 1, 2.50, $.books[3].by, null)": "error",
		"$.bicycle.colours.concat(\"-\", 1, 2.50, $.books[3].by, $.list)": `"redblue-12.5{name=it's \"me\"}155.0xtrue[7]"`, "$.bicycle.colours.append(\"x)\", {\"a\": 1}, $.limit)": `["red","blue","x)",{"a":1},10]`,
		"$.limit.append(1)": "10", "$.limit.concat()": `""`, "$.min()": "nothing", "$.books[?(@.tags.length() == $.bicycle.colours.length())].title": `["Sword"]`,
		"$.books[?(@.price > $.avg($.books[*].price))].title": "[\"Rings\"]", "$[?(@.books[?(@.price > $.limit)])].limit": "[10]",
		"$.list.last().first()": "7", "$.list.max()": "5.0", "$.list.sum()": "6.0", "$.list.avg()": "3.0", "$.bicycle.colours.min()": "nothing",
		// Conditions.
		"$.books[?(@.isbn)].title": `["Moby","Rings"]`, "$.books[?(!@.isbn)].title": `["Sayings","Sword"]`, "$..books[ ?( @.price<10 ) ].title": `["Sayings","Moby"]`,
		"$.books[?(@.price <= $.limit || @['title'] == 'Rings')].title": `["Sayings","Moby","Rings"]`,
		"$.books[?(@.kind == 'fiction' && @.price >= 12.99)].title":     `["Sword","Rings"]`,
		"$.books[?(!(@.kind == 'fiction') && (@.price > 1))].title":     `["Sayings"]`,
		"$.books[?(@.lent == null)].title":                              `["Rings"]`, "lax $.books[?(@.lent == null)].title": `["Sayings","Sword","Moby","Rings"]`,
		"$.books[?(@.lent)].title": `["Rings"]`, "$.books[?(@.isbn != '0-553')].title": `["Sayings","Sword","Rings"]`,
		"$.books[?(@.by.name == 'it\\'s \"me\"')].title": `["Rings"]`, "$.bicycle[?(@.price > 1)].colours[0]": `["red"]`, "$.limit[?(@ > 1)]": "nothing",
		"$..[?(@.price > 15)].price": "[22.99,19.95]", "$.books[?(@.tags[0])].title": `["Sword"]`, "$.books[?(@.tags.length() == 0)].title": `["Moby"]`,
		"$.books[?(@.tags[*] == ['a', \"b\"])].title": `["Sword"]`, "$.books[?(@.by == {'name': \"it's \\\"me\\\"\"})].title": `["Rings"]`,
		"$.books[?(@.tags[?(@ == 'b')] empty false)].title": `["Sword"]`,
		// Comparisons of unlike values.
		"$.list[?(@ == 5)]": `["5",5.0]`, "$.list[?(@ == '5')]": `["5",5.0]`, "$.list[?(@ === 5)]": "[5.0]", "$.list[?(@ !== 5)]": `[1,"5","x",null,true,[7]]`,
		"$.list[?(5 == @)]": `["5",5.0]`, "$.list[?('5' == @)]": `["5"]`, "$.list[?(@ == true)]": "[true]", "$.list[?(@ > 3)]": `["5",5.0,"x"]`, "$.list[?(@ < 1e1)]": "[1,5.0]",
		"$.list[?(@ == null)]": "[null]", "$.list[?(@ < null)]": "[]",
		// Operators that are words, and patterns.
		"$.list[?(@ in ['x', 1.0, null])]": `[1,"x",null]`, "$.list[?(@ NIN $.list)]": "[]", "$.books[?(@.tags contains 'a')].title": `["Sword"]`,
		"$.books[?(@.title contains 'ing')].title": `["Sayings","Rings"]`, "$.books[?(@.tags size 2)].title": `["Sword"]`, "$.list[?(@ size 1)]": `["5","x",[7]]`,
		"$.books[?(@.tags empty true)].title": `["Moby"]`, "$.books[?(@.tags subsetof ['a','b','c'])].title": `["Sword","Moby"]`,
		"$.books[?(@.tags anyof ['b','c'])].title": `["Sword"]`, "$.books[?(@.tags noneof ['c'])].title": `["Sword","Moby"]`,
		"$.books[?(@.tags all ['b'])].title": `["Sword"]`, "$.books[?(@.title =~ /.*ING.*/i)].title": `["Sayings","Rings"]`, "$.books[?(@.title =~ /ing/)].title": "[]",
		"$.books[?(@.tags =~ /[ab]/)].title": `["Sword"]`, `$.list[?(@ =~ /\d\.\d/)]`: "[5.0]",
	} {
		if got := selected(t, path, shop); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestJSONPathsOfTheDocumentAreFollowedOnce compares each of many elements with what
// costs much to find.
func TestJSONPathsOfTheDocumentAreFollowedOnce(t *testing.T) {
	document := []byte("[" + strings.Repeat(`{"price": 1}, `, 10000) + `{"price": 3}]`)
	p, err := compileJSONPath("$[?(@.price > $.avg($[*].price))]")
	if err != nil {
		t.Fatal(err)
	}
	if found, fault := p.find(nil, document); fault != pathFound || len(found) != 1 {
		t.Errorf("fault %d, %d values", fault, len(found))
	}
}

// TestJSONPathsKnowPairs reads names beyond 16 bits, and halves of pairs as JSON does.
func TestJSONPathsKnowPairs(t *testing.T) {
	const document = `{"😀": 1, "\ud83d": 2, "\ud83dA": 3, "\ude00\ud83d": 4, "\ud83dn\n": 5}`
	for path, want := range map[string]string{
		`$['\ud83d\ude00']`: "1", `$['\uD83D']`: "2", `$['\ud83d\u0041']`: "3", `$['\ude00\ud83d']`: "4", `$['\ud83d\n\n']`: "nothing",
		`$['\ud83dn\n']`: "5", `$[?(@['\ud83d\ude00'] == 1)]['😀']`: "[1]",
	} {
		if got := selected(t, path, document); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestJSONPathsMakeJSON computes what is no number of JSON's.
func TestJSONPathsMakeJSON(t *testing.T) {
	for path, want := range map[string]string{
		"$.big.sum()": `"Infinity"`, "$.low.sum()": `"-Infinity"`, "$.big.stddev()": `"NaN"`, "$.big.avg()": `"Infinity"`, "$.big.max()": "1.0E308",
		"$.low.append($.big.sum())": `[-1e308,-1e308,"Infinity"]`, "$.*.sum()": `["Infinity","-Infinity"]`,
		"$.big.concat($.big.sum())": `"Infinity"`,
	} {
		got := selected(t, path, `{"big": [1e308, 1e308], "low": [-1e308, -1e308]}`)
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func selected(t *testing.T, path, document string) string {
	t.Helper()
	p, err := compileJSONPath(path)
	if err != nil {
		return "error"
	}
	found, fault := p.find(nil, []byte(document))
	switch {
	case fault != pathFound:
		return "nothing"
	case p.many:
		return string(appendJSONList(nil, found))
	}
	return string(appendSortedJSON(nil, found[0]))
}

// TestJSONPathTwin compares conditions on random rows with what Go makes of them.
func TestJSONPathTwin(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		rows := make([]map[string]any, r.IntN(8))
		for i := range rows {
			rows[i] = map[string]any{"i": float64(i)}
			for _, name := range "abc" {
				if r.IntN(4) > 0 {
					rows[i][string(name)] = float64(r.IntN(5)) - 1.5
				}
			}
		}
		document, _ := json.Marshal(rows)
		text, holds := randomCondition(r, 4)
		var want []string
		for _, row := range rows {
			if holds(row) {
				want = append(want, fmt.Sprint(row["i"]))
			}
		}
		path := "$[?(" + text + ")].i"
		if got := selected(t, path, string(document)); got != "["+strings.Join(want, ",")+"]" {
			t.Fatalf("seed %d: %s of %s: %s, want %v", seed, path, document, got, want)
		}
	}
}

// randomCondition is a condition as text and as a function.
func randomCondition(r *rand.Rand, depth int) (string, func(map[string]any) bool) {
	if depth > 0 && r.IntN(3) > 0 {
		a, holdsA := randomCondition(r, depth-1)
		b, holdsB := randomCondition(r, depth-1)
		switch r.IntN(3) {
		case 0:
			return "!(" + a + ")", func(row map[string]any) bool { return !holdsA(row) }
		case 1:
			return "(" + a + ") && (" + b + ")", func(row map[string]any) bool { return holdsA(row) && holdsB(row) }
		}
		return a + " || " + b, func(row map[string]any) bool { return holdsA(row) || holdsB(row) }
	}
	name, value := string("abc"[r.IntN(3)]), float64(r.IntN(5))-1.5
	switch r.IntN(4) {
	case 0:
		return "@." + name, func(row map[string]any) bool { return row[name] != nil }
	case 1:
		return fmt.Sprintf("@.%s < %g", name, value), func(row map[string]any) bool { x, ok := row[name].(float64); return ok && x < value }
	case 2:
		return fmt.Sprintf("%g!=@['%s']", value, name), func(row map[string]any) bool { return row[name] != value }
	}
	return fmt.Sprintf("@.%s in [%g, 0.50]", name, value), func(row map[string]any) bool { return row[name] == value || row[name] == 0.5 }
}

func TestJSONNumbersAreComparedExactly(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		order int
	}{
		{"1", "1.0", 0}, {"1e2", "100", 0}, {"-0.0", "0", 0}, {"0.10", "1E-1", 0}, {"12345678901234567890", "12345678901234567891", -1},
		{"-2", "-10", 1}, {"0.09", "0.1", -1}, {"1e400", "9e399", 1}, {"-5", "3", -1}, {"0.001", "0.0001e1", 0}, {"99", "100.5", -1},
	} {
		if got := compareJSONNumbers([]byte(c.a), []byte(c.b)); got != c.order {
			t.Errorf("%s, %s: %d", c.a, c.b, got)
		}
		if got := compareJSONNumbers([]byte(c.b), []byte(c.a)); got != -c.order {
			t.Errorf("%s, %s: %d", c.b, c.a, got)
		}
	}
}

// FuzzJSONPath compiles any text and follows it: it neither panics nor hangs.
func FuzzJSONPath(f *testing.F) {
	for _, path := range []string{"lax $.a[0].b", `$..['a',"b\u0041"][-1:2,3]`, "$[?(@.a[?(@ > 1)] in ['x', {\"y\": 'z'}] && !($.b =~ /a\\/b/i))].length()", "$[?((((", "$[?(@ == \"", "a..*"} {
		f.Add(path, shop)
	}
	f.Fuzz(func(_ *testing.T, path, document string) {
		p, err := compileJSONPath(path)
		if err == nil && json.Valid([]byte(document)) && len(document) < 2000 {
			p.find(nil, []byte(document))
		}
	})
}

// TestJSONPathsOfMuchWorkEnd follows paths that select more values than there are atoms.
func TestJSONPathsOfMuchWorkEnd(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 300) + "1" + strings.Repeat("]}", 300)
	for _, path := range []string{
		"$" + strings.Repeat("..*", 40), "lax $" + strings.Repeat("..a", 40), "$..[?(@" + strings.Repeat("..*", 20) + ")]", "$.sum($" + strings.Repeat("..*", 30) + ")",
	} {
		p, err := compileJSONPath(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, fault := p.find(nil, []byte(deep)); fault != pathTooMuch {
			t.Errorf("%s: fault %d", path, fault)
		}
	}
}

// TestJSONPathsOfMuchMadeEnd calls functions for each of many values, with arguments of
// the size of the document.
func TestJSONPathsOfMuchMadeEnd(t *testing.T) {
	document := []byte("[" + strings.Repeat("[],", 7000) + "[]]")
	for _, path := range []string{
		"$[*].append($)", "$[*].append($,$,$,$)", "$[*].append($[*])", "$[*].concat($)", "$[?(@.append($).length() == 0)]",
		"$" + strings.Repeat(".append($)", 2000), "$[*].sum($.append(" + strings.Repeat("1,", 2000) + "1))",
	} {
		p, err := compileJSONPath(path)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		found, fault := p.find(nil, document)
		runtime.ReadMemStats(&after)
		if fault != pathTooMuch || len(found) > 0 {
			t.Errorf("%.40s: fault %d, %d values", path, fault, len(found))
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 512<<20 {
			t.Errorf("%.40s: %d MB made", path, made>>20)
		}
	}
}

func BenchmarkJSONPath(b *testing.B) {
	document := []byte(shop)
	for _, path := range []string{"$.bicycle.price", "$.books[1].title", "$.books[*].title", "$.books[?(@.price > 10 && @.kind == 'fiction')].title", "$..price"} {
		b.Run(path, func(b *testing.B) {
			p, err := compileJSONPath(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			var found [][]byte
			for b.Loop() {
				found, _ = p.find(found[:0], document)
			}
		})
	}
}

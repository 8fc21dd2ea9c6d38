package nexmark

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// The expected numbers of this file come from the benchmark's Java generator.

// TestDraws makes all kinds of draws one after the other on one generator.
func TestDraws(t *testing.T) {
	r := random{3}
	for _, want := range []int64{2092789425003139053, -5528608851982440055, -7139356981108613887, 1344154044715485647} {
		if got := r.int64(); got != want {
			t.Errorf("int64: got %d, want %d", got, want)
		}
	}
	for _, want := range []int32{1356967372, -1793430874, 1669039536, 1297550710} {
		if got := r.int32(); got != want {
			t.Errorf("int32: got %d, want %d", got, want)
		}
	}
	prepared := r.seed
	for _, c := range []struct{ n, want int32 }{
		{1, 0}, {2, 1}, {4, 1}, {5, 4}, {13, 8}, {26, 10}, {10000, 4627}, {1073741824, 598712128},
		{1073741825, 692863028}, {1073741825, 1065296118}, {2147483647, 406418847},
	} {
		if got := r.below(c.n); got != c.want {
			t.Errorf("below(%d): got %d, want %d", c.n, got, c.want)
		}
		b := newBound(uint32(c.n))
		var got uint32
		if got, prepared = b.draw(prepared); int32(got) != c.want {
			t.Errorf("bound %d: got %d, want %d", c.n, got, c.want)
		}
	}
	bits := []uint64{0x3fc87617d99a2280, 0x3fe3eafd4c61cc17, 0x3fec7c04c633c01b}
	prices := []int64{1402, 542764, 21919668}
	table := newPriceTable()
	for i := range bits {
		f := r.fraction()
		if got := math.Float64bits(float64(f) / (1 << 53)); got != bits[i] {
			t.Errorf("fraction %d: got %#x, want %#x", i, got, bits[i])
		}
		if got := table.price(f); got != prices[i] {
			t.Errorf("price %d: got %d, want %d", i, got, prices[i])
		}
	}
}

func TestRejectedDrawsAreRepeated(t *testing.T) {
	const n, want = 1610612735, 972000982615588681
	plain, prepared, skipped := random{7}, uint64(7), uint64(7)
	b := newBound(n)
	var sum, preparedSum int64
	for range 1_000_000 {
		sum = sum*31 + int64(plain.below(n))
		var u uint32
		u, prepared = b.draw(prepared)
		preparedSum = preparedSum*31 + int64(u)
		skipped = b.skip(skipped)
	}
	if sum != want || preparedSum != want {
		t.Errorf("got %d and %d, want %d", sum, preparedSum, want)
	}
	if plain.seed != prepared || prepared != skipped {
		t.Errorf("counters differ: %#x, %#x, %#x", plain.seed, prepared, skipped)
	}
}

// TestPreparedBoundsAgree compares the two ways of drawing for many bounds.
func TestPreparedBoundsAgree(t *testing.T) {
	choose := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		n := uint32(choose.Uint64()>>33) >> choose.IntN(31)
		n = max(1, n)
		b := newBound(n)
		r := random{choose.Uint64()}
		seed := r.seed
		for range 20 {
			var u uint32
			u, seed = b.draw(seed)
			if want := r.below(int32(n)); int32(u) != want || seed != r.seed {
				t.Fatalf("bound %d: got %d, want %d", n, u, want)
			}
		}
	}
}

// TestQuickPricesAreExact compares the series with the definition on random draws
// and around every rounding step that cells begin at.
func TestQuickPricesAreExact(t *testing.T) {
	table := newPriceTable()
	draws := 20_000_000
	if testing.Short() {
		draws = 1_000_000
	}
	r := random{99}
	for range draws {
		if f := r.fraction(); table.price(f) != exactPrice(f) {
			t.Fatalf("fraction %d: got %d, want %d", f, table.price(f), exactPrice(f))
		}
	}
	sparse := int64(500)
	if testing.Short() {
		sparse = 20
	}
	for p := int64(100); p < 100_000_000; p += 1 + p/sparse {
		// The fraction at which the price steps from p to p+1, and its neighbours.
		step := uint64(math.Log10((float64(p)+0.5)/100) / 6 * (1 << 53))
		for f := step - 2000; f < step+2000; f += 7 {
			if table.price(f) != exactPrice(f) {
				t.Fatalf("fraction %d: got %d, want %d", f, table.price(f), exactPrice(f))
			}
		}
	}
	for _, f := range []uint64{0, 1, 1<<53 - 1} {
		if table.price(f) != exactPrice(f) {
			t.Fatalf("fraction %d: got %d, want %d", f, table.price(f), exactPrice(f))
		}
	}
}

func TestPool(t *testing.T) {
	pool := newTables(1, 2).pool
	const start, end = "druytuT`VMPaelakjbvjjgevxofadzmixkfcP`KLaOKaKZ[Ooohxab_`W^]YkhdudyTXU`LQQaaOJTWV", "kihlymviwivsibkyvxcz"
	if got := string(pool[:len(start)]); got != start {
		t.Errorf("starts %s", got)
	}
	if got := string(pool[len(pool)-len(end):]); got != end {
		t.Errorf("ends %s", got)
	}
	const want = "b223e316423cd6357792efa42109a3eed16f1af8e26f4d02cb891f6856e72393"
	if sum := sha256.Sum256(pool); hex.EncodeToString(sum[:]) != want {
		t.Errorf("sha256 %x", sum)
	}
}

func TestChannels(t *testing.T) {
	tables := newTables(1, 2)
	const item = "/item.htm?query=1"
	cases := []struct {
		entry     uint32
		name, url string
	}{
		{0, "Google", "mgi/ze_/moks" + item}, {1, "Facebook", "vev/rzs/amc" + item},
		{2, "Baidu", "ulk_/csln/bux" + item}, {3, "Apple", "hycn/tfzr/mofv" + item},
		{4, "channel-0", "quv/yxj/vpwz" + item}, {5, "channel-1", "zqr/o_se/cve" + item},
		{6, "channel-2", "hirz/dmdx/ce_g" + item + "&channel_id=1073741824"},
		{7, "channel-3", "hma/mums/h_b" + item + "&channel_id=1073741824"},
		{10003, "channel-9999", "jxss/nlf/_so_" + item + "&channel_id=253493248"},
	}
	for _, c := range cases {
		if got := string(tables.channels.at(c.entry)); got != c.name {
			t.Errorf("entry %d: channel %s, want %s", c.entry, got, c.name)
		}
		if got := string(tables.urls.at(c.entry)); got != urlRoot+c.url {
			t.Errorf("entry %d: url %s, want %s", c.entry, got, c.url)
		}
	}
	hash := sha256.New()
	for i := range uint32(channelCount) {
		hash.Write(slices.Concat(tables.channels.at(i+4), []byte(","), tables.urls.at(i+4), []byte("\n")))
	}
	const want = "0b7234e6ca2027813aae75133ed82eac33510b6d9e5eb5792bd255164021ca93"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("sha256 %s", got)
	}
}

// TestCounterAfterEvents checks the random counter along the golden stream.
func TestCounterAfterEvents(t *testing.T) {
	want := map[int64]string{
		1: "c623af8783354e73", 2: "795bb0bad7f4df74", 3: "094ef84051933c31", 4: "5cd34c52cc9ca0c4",
		48: "4212033cdcf4747e", 49: "53b46013ca850ea0", 50: "28e7c977b980b098", 1000: "4c83f0f9ba3b26d2",
		10000: "4fbb81cd33ee967a", 20000: "b7ca5e13fd0b309f",
	}
	for _, schema := range testSchemas() {
		g := newTestGenerator(t, DefaultConfig(), schema)
		for g.emitted < 20_000 {
			release(g, 1)
			if w, ok := want[g.emitted]; ok {
				if got := strconv.FormatUint(g.random.seed, 16); got != trimZeros(w) {
					t.Errorf("%s: after %d events: got %s, want %s", schema, g.emitted, got, w)
				}
			}
		}
	}
}

func trimZeros(hex string) string {
	for hex[0] == '0' {
		hex = hex[1:]
	}
	return hex
}

// TestSkippedWordsAgree compares drawing a text with skipping it.
func TestSkippedWordsAgree(t *testing.T) {
	for i := range 50_000 {
		drawn := random{uint64(i) * 0xD1342543DE82EF95}
		skipped := drawn
		most := int32(4 + i%97)
		n := len(appendWord(nil, &drawn, most, ' '))
		if got := skipWord(&skipped, most); got != n || skipped != drawn {
			t.Fatalf("seed %d: length %d, want %d; counters %#x and %#x", i, got, n, skipped.seed, drawn.seed)
		}
	}
}

// TestQuickBidsAgree compares the branchless draws of a bid with the plain ones,
// on ratios and widths that aren't powers of two as well, and with bounds so large
// that rejections are common.
func TestQuickBidsAgree(t *testing.T) {
	c := DefaultConfig()
	c.HotAuctionRatio, c.HotBidderRatio = 7, 3
	mills := []bidMill{newBidMill(&c)}
	c = DefaultConfig()
	mills = append(mills, newBidMill(&c))
	c.BidBytes = bidOverhead
	mills = append(mills, newBidMill(&c))
	rejecting := newBidMill(&c)
	rejecting.anyAuction, rejecting.anyBidder = newBound(1610612735), newBound(1410612735)
	mills = append(mills, rejecting)
	for k, m := range mills {
		choice := bidChoice{hotAuction: 1, firstAuction: 1 << 40, hotBidder: 2, firstBidder: 1 << 41}
		if m.anyAuction.n == 0 {
			m.anyAuction, m.anyBidder = newBound(111), newBound(1010)
		}
		refused := 0
		for i := range 200_000 {
			seed := uint64(i) * 0xD1342543DE82EF95
			got, ok := m.quick(seed, &choice)
			if !ok {
				refused++
				continue
			}
			if want := m.sure(seed, &choice); got != want {
				t.Fatalf("mill %d, seed %d: got %+v, want %+v", k, i, got, want)
			}
		}
		if (refused > 1000) != (k == len(mills)-1) {
			t.Errorf("mill %d: %d of 200000 refused", k, refused)
		}
	}
}

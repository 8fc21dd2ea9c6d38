package nexmark

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestReferenceStreams compares whole streams with the benchmark's own generator.
func TestReferenceStreams(t *testing.T) {
	for _, c := range readStreams(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.events > 20_000 {
				t.Skip("long")
			}
			hash := sha256.New()
			if err := WriteNDJSON(hash, c.config, c.split, c.events); err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(hash.Sum(nil)); got != c.sum {
				t.Errorf("sha256 of %d events\n got %s\nwant %s", c.events, got, c.sum)
			}
		})
	}
}

func TestGoldenStreamSize(t *testing.T) {
	config := DefaultConfig()
	var b bytes.Buffer
	if err := WriteNDJSON(&b, config, config.Splits(1)[0], 20_000); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 6_411_185 || bytes.Count(b.Bytes(), []byte("\n")) != 20_000 {
		t.Errorf("%d bytes, %d lines", b.Len(), bytes.Count(b.Bytes(), []byte("\n")))
	}
}

// streamCase is a line of testdata/streams.txt.
type streamCase struct {
	name   string
	config Config
	split  Split
	events int64
	sum    string
}

func readStreams(t *testing.T) []streamCase {
	t.Helper()
	text, err := os.ReadFile("testdata/streams.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []streamCase
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		part := strings.Split(line, "|")
		for i := range part {
			part[i] = strings.TrimSpace(part[i])
		}
		c := streamCase{name: part[0], sum: part[3]}
		c.events, _ = strconv.ParseInt(part[2], 10, 64)
		c.config, c.split = parseSettings(t, part[1])
		cases = append(cases, c)
	}
	return cases
}

// parseSettings reads `name=value, …` in the names of the reference generator.
func parseSettings(t *testing.T, text string) (Config, Split) {
	t.Helper()
	c := DefaultConfig()
	generators, index, of := int64(1), int64(0), int64(1)
	firstID, firstNumber := int64(-1), int64(-1)
	numbers := map[string]*int64{
		"firstEventRate": &c.EventsPerSecond, "outOfOrderGroupSize": &c.OutOfOrderGroupSize,
		"personProportion": &c.PersonProportion, "auctionProportion": &c.AuctionProportion,
		"bidProportion": &c.BidProportion, "numEventGenerators": &generators, "maxEvents": &c.Events,
		"numInFlightAuctions": &c.InFlightAuctions, "numActivePeople": &c.ActivePeople,
		"firstEventId": &firstID, "firstEventNumber": &firstNumber, "stop": &c.StopAt, "baseTime": &c.BaseTimeMillis,
	}
	sizes := map[string]*int{"avgPersonByteSize": &c.PersonBytes, "avgAuctionByteSize": &c.AuctionBytes, "avgBidByteSize": &c.BidBytes}
	ratios := map[string]*int32{"hotAuctionRatio": &c.HotAuctionRatio, "hotSellersRatio": &c.HotSellerRatio, "hotBiddersRatio": &c.HotBidderRatio}
	for _, setting := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(setting), "=")
		if name == "" {
			continue
		}
		if name == "split" {
			if _, err := fmt.Sscanf(value, "%d/%d", &index, &of); err != nil {
				t.Fatal(err)
			}
			continue
		}
		v, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
			t.Fatal(err)
		case numbers[name] != nil:
			*numbers[name] = v
		case sizes[name] != nil:
			*sizes[name] = int(v)
		case ratios[name] != nil:
			*ratios[name] = int32(v)
		default:
			t.Fatalf("unknown setting %q", name)
		}
	}
	split := c.Splits(int(of))[index]
	split.Count = int(generators)
	c.EventSeed -= index // the reference seeds every split alike
	if firstID >= 0 {
		split.FirstEventID = firstID
	}
	if firstNumber >= 0 {
		split.FirstEventNumber = firstNumber
	}
	return c, split
}

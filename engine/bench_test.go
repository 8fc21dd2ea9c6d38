package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/thalweg/thalweg/engine"
)

// nexmarkTables declare the generator and its usual views, and a sink.
const nexmarkTables = `
CREATE TABLE nexmark (
  event_type INT,
  person ROW<id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING, ` + "`dateTime`" + ` TIMESTAMP(3), extra STRING>,
  auction ROW<id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, ` + "`dateTime`" + ` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, ` + "`dateTime`" + ` TIMESTAMP(3), extra STRING>,
  ` + "`dateTime`" + ` AS CASE WHEN event_type = 0 THEN person.` + "`dateTime`" + ` WHEN event_type = 1 THEN auction.` + "`dateTime`" + ` ELSE bid.` + "`dateTime`" + ` END,
  WATERMARK FOR ` + "`dateTime`" + ` AS ` + "`dateTime`" + ` - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'first-event.rate' = '%d', 'next-event.rate' = '%d', 'events.num' = '%d');
CREATE VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, ` + "`dateTime`" + `, bid.extra FROM nexmark WHERE event_type = 2;
CREATE VIEW auction AS SELECT auction.id, auction.itemName, auction.seller, auction.category, ` + "`dateTime`" + `, auction.expires FROM nexmark WHERE event_type = 1;
`

// benchQuery runs a query over so many events once per iteration.
func benchQuery(b *testing.B, sink, query string) {
	b.Helper()
	const events = 2_000_000
	eng, err := engine.Open(context.Background(), engine.Options{Parallelism: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer eng.Close()
	s := eng.NewSession()
	ctx := context.Background()
	ddl := fmt.Sprintf(nexmarkTables, 10_000, 10_000, events) + sink
	if _, err := s.Execute(ctx, ddl); err != nil {
		b.Fatal(engine.Render(err, "", ddl))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		results, err := s.Execute(ctx, query)
		if err != nil {
			b.Fatal(engine.Render(err, "", query))
		}
		if err := results[0].Job.Wait(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkNexmarkQ0(b *testing.B) {
	benchQuery(b, "CREATE TABLE q0 (auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), extra STRING) WITH ('connector' = 'blackhole');",
		"INSERT INTO q0 SELECT auction, bidder, price, `dateTime`, extra FROM bid")
}

func BenchmarkNexmarkQ1(b *testing.B) {
	benchQuery(b, "CREATE TABLE q1 (auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), `dateTime` TIMESTAMP(3), extra STRING) WITH ('connector' = 'blackhole');",
		"INSERT INTO q1 SELECT auction, bidder, 0.908 * price AS price, `dateTime`, extra FROM bid")
}

func BenchmarkNexmarkQ17Like(b *testing.B) {
	benchQuery(b, "CREATE TABLE q17 (auction BIGINT, n BIGINT, top BIGINT, total BIGINT, PRIMARY KEY (auction) NOT ENFORCED) WITH ('connector' = 'blackhole');",
		"INSERT INTO q17 SELECT auction, COUNT(*), MAX(price), SUM(price) FROM bid GROUP BY auction")
}

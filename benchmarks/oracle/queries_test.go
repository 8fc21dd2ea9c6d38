package oracle

// batchQueries are the Nexmark queries for SQLite over the tables person, auction
// and bid, whose times are epoch milliseconds and whose seq is the order of arrival
// in its split. Results print times and decimals as Thalweg's JSON does.
var batchQueries = map[string]string{
	"q0": `SELECT auction, bidder, price, ts(dateTime), extra FROM bid`,
	"q1": `SELECT auction, bidder, dec3(price * 908), ts(dateTime), extra FROM bid`,
	"q2": `SELECT auction, price FROM bid WHERE auction % 123 = 0`,
	"q3": `SELECT name, city, state, a.id FROM auction a JOIN person p ON a.seller = p.id
	       WHERE category = 10 AND state IN ('OR', 'ID', 'CA')`,
	"q5": `WITH hops AS (SELECT auction, dateTime - dateTime % 2000 - k.k * 2000 AS start
	                     FROM bid, (SELECT 0 AS k UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) k),
	            counts AS (SELECT auction, start, COUNT(*) AS n FROM hops GROUP BY auction, start)
	       SELECT auction, n FROM counts c WHERE n >= (SELECT MAX(n) FROM counts m WHERE m.start = c.start)`,
	"q7": `WITH best AS (SELECT dateTime / 10000 * 10000 + 10000 AS until, MAX(price) AS highest FROM bid GROUP BY 1)
	       SELECT auction, price, bidder, ts(dateTime), extra
	       FROM bid JOIN best ON price = highest AND dateTime BETWEEN until - 10000 AND until`,
	"q8": `SELECT p.id, p.name, ts(p.start)
	       FROM (SELECT DISTINCT id, name, dateTime / 10000 * 10000 AS start FROM person) p
	       JOIN (SELECT DISTINCT seller, dateTime / 10000 * 10000 AS start FROM auction) a
	         ON p.id = a.seller AND p.start = a.start`,
	"q11": `WITH marked AS (SELECT bidder, dateTime, CASE WHEN dateTime - LAG(dateTime) OVER w <= 10000 THEN 0 ELSE 1 END AS opens
	                        FROM bid WINDOW w AS (PARTITION BY bidder ORDER BY dateTime, seq)),
	             numbered AS (SELECT *, SUM(opens) OVER (PARTITION BY bidder ORDER BY dateTime ROWS UNBOUNDED PRECEDING) AS session FROM marked)
	        SELECT bidder, COUNT(*), ts(MIN(dateTime)), ts(MAX(dateTime) + 10000) FROM numbered GROUP BY bidder, session`,
	"q14": `SELECT auction, bidder, dec3(price * 908),
	          CASE WHEN h BETWEEN 8 AND 18 THEN 'dayTime' WHEN h <= 6 OR h >= 20 THEN 'nightTime' ELSE 'otherTime' END,
	          ts(dateTime), extra, LENGTH(extra) - LENGTH(REPLACE(extra, 'c', ''))
	        FROM (SELECT *, dateTime / 3600000 % 24 AS h FROM bid)
	        WHERE price * 908 > 1000000000 AND price * 908 < 50000000000`,
	"q15": `SELECT day(dateTime), ` + classCounts + ` FROM bid GROUP BY 1`,
	"q16": `SELECT channel, day(dateTime), MAX(minute(dateTime)), ` + classCounts + ` FROM bid GROUP BY 1, 2`,
	"q17": `SELECT auction, day(dateTime), ` + bidClasses + `, MIN(price), MAX(price),
	          SUM(price) / COUNT(*), SUM(price) FROM bid GROUP BY 1, 2`,
	"q18": `SELECT auction, bidder, price, channel, url, ts(dateTime), extra
	        FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY dateTime DESC, seq DESC) AS place FROM bid)
	        WHERE place <= 1`,
	"q19": `SELECT auction, bidder, price, channel, url, ts(dateTime), extra, place
	        FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, seq) AS place FROM bid)
	        WHERE place <= 10`,
	"q20": `SELECT auction, bidder, price, channel, url, ts(b.dateTime), b.extra, itemName, description, initialBid, reserve,
	          ts(a.dateTime), ts(expires), seller, category, a.extra
	        FROM bid b JOIN auction a ON b.auction = a.id WHERE category = 10`,
	"q21": `SELECT auction, bidder, price, channel, id FROM (SELECT *, CASE LOWER(channel)
	          WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
	          ELSE channel_id(url) END AS id FROM bid) WHERE id IS NOT NULL`,
	"q22": `SELECT auction, bidder, price, channel, part(url, 3), part(url, 4), part(url, 5) FROM bid`,
}

// tieKeys are the columns by which results are compared where several events of
// one millisecond, or of one price, may stand for each other once several splits
// are read at the same time.
var tieKeys = map[string][]int{
	"q18": {0, 1, 5},
	"q19": {0, 2, 7},
}

// bidClasses counts bids in all and by price class.
const bidClasses = `COUNT(*), COUNT(*) FILTER (WHERE price < 10000),
	COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000), COUNT(*) FILTER (WHERE price >= 1000000)`

// classCounts counts bids, bidders and auctions likewise.
const classCounts = bidClasses + `,
	COUNT(DISTINCT bidder), COUNT(DISTINCT bidder) FILTER (WHERE price < 10000),
	COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000),
	COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000),
	COUNT(DISTINCT auction), COUNT(DISTINCT auction) FILTER (WHERE price < 10000),
	COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000),
	COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000)`

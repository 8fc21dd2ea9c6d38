-- Nexmark q6. The mean winning price of each seller's last ten auctions: OVER on an updating input.
-- Auctions that ended in one millisecond are taken in the order of their ids, so that the result is a definite one.

CREATE TABLE events (
  event_type INT,
  person  ROW<id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING,
              `dateTime` TIMESTAMP(3), extra STRING>,
  auction ROW<id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT,
              `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING>,
  bid     ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING,
              `dateTime` TIMESTAMP(3), extra STRING>,
  `dateTime` AS CASE event_type WHEN 0 THEN person.`dateTime` WHEN 1 THEN auction.`dateTime` ELSE bid.`dateTime` END,
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH (
  'connector'        = 'nexmark',
  'events.num'       = '${EVENTS:-100000}',
  'first-event.rate' = '${RATE:-10000}'
);

CREATE VIEW auction AS
SELECT auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve, `dateTime`,
       auction.expires, auction.seller, auction.category, auction.extra
FROM events WHERE event_type = 1;

CREATE VIEW bid AS
SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, `dateTime`, bid.extra
FROM events WHERE event_type = 2;

CREATE TABLE result (
  seller BIGINT,
  mean_price BIGINT
) WITH (
  ${SINK:-'connector' = 'blackhole'}
);

INSERT INTO result
SELECT seller, AVG(price) OVER (PARTITION BY seller ORDER BY `dateTime`, id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)
FROM (
  SELECT a.id, a.seller, b.price, b.`dateTime`,
         ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.`dateTime`) AS place
  FROM auction AS a
  JOIN bid AS b ON b.auction = a.id AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
) AS bids
WHERE place = 1;

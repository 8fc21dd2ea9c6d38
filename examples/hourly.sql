-- Departures and delays per six hours, sliding by two: a HOP window over event time.

CREATE TABLE flights (
  `date`    STRING,
  delay     INT,
  distance  INT,
  departure AS TO_TIMESTAMP(`date`, 'yyyy/MM/dd HH:mm'),
  WATERMARK FOR departure AS departure - INTERVAL '1' HOUR
) WITH (
  'connector' = 'filesystem',
  'path'      = '${EXAMPLES:-examples}/data/flights.ndjson',
  'format'    = 'json'
);

SELECT
  window_start,
  window_end,
  COUNT(*)                              AS departures,
  COUNT(*) FILTER (WHERE delay > 30)    AS late,
  CAST(AVG(CAST(delay AS DOUBLE)) AS DECIMAL(6, 1)) AS mean_delay,
  SUM(distance)                         AS miles
FROM TABLE(HOP(TABLE flights, DESCRIPTOR(departure), INTERVAL '2' HOUR, INTERVAL '6' HOUR))
GROUP BY window_start, window_end
HAVING COUNT(*) >= 25
ORDER BY window_start;

-- Which airports had the worst week? Two real tables, event time, a window, a top-N and a join.
--
--   thalweg run examples/quickstart.sql

CREATE TABLE flights (
  `date`      STRING,
  delay       INT,      -- minutes; negative is early
  distance    INT,      -- miles
  origin      STRING,
  destination STRING,
  departure AS TO_TIMESTAMP(`date`, 'yyyy/MM/dd HH:mm'),
  WATERMARK FOR departure AS departure - INTERVAL '1' HOUR
) WITH (
  'connector' = 'filesystem',
  'path'      = '${EXAMPLES:-examples}/data/flights.ndjson',
  'format'    = 'json'
);

CREATE TABLE airports (
  iata      STRING,
  name      STRING,
  city      STRING,
  state     STRING,
  latitude  DOUBLE,
  longitude DOUBLE
) WITH (
  'connector'  = 'filesystem',
  'path'       = '${EXAMPLES:-examples}/data/airports.csv',
  'format'     = 'csv',
  'csv.header' = 'true'
);

-- One row per airport and week: how many flights left, and how late.
CREATE VIEW weekly AS
SELECT window_start, origin, COUNT(*) AS departures, AVG(delay) AS mean_delay, MAX(delay) AS worst_delay
FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(departure), INTERVAL '7' DAY))
GROUP BY window_start, window_end, origin;

-- The three worst airports of each week that had at least ten departures.
SELECT DATE_FORMAT(w.window_start, 'yyyy-MM-dd') AS week, w.place, w.origin, a.city, w.departures, w.mean_delay, w.worst_delay
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY mean_delay DESC, origin) AS place
  FROM weekly
  WHERE departures >= 10
) AS w
JOIN airports AS a ON a.iata = w.origin
WHERE w.place <= 3
ORDER BY week, place;

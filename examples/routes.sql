-- The busiest routes so far, as a changing table: run with --changelog to see each change.

CREATE TABLE flights (
  `date` STRING, delay INT, distance INT, origin STRING, destination STRING
) WITH (
  'connector' = 'filesystem',
  'path'      = '${EXAMPLES:-examples}/data/flights.ndjson',
  'format'    = 'json'
);

SELECT origin || ' - ' || destination AS route, COUNT(*) AS flights, MIN(delay) AS earliest, MAX(delay) AS latest
FROM flights
GROUP BY origin, destination
ORDER BY flights DESC, route
LIMIT 10;

-- The three busiest routes of each week: a top-N within windows, which comes once per week and never changes.

CREATE TABLE flights (
  `date` STRING, origin STRING, destination STRING,
  departure AS TO_TIMESTAMP(`date`, 'yyyy/MM/dd HH:mm'),
  WATERMARK FOR departure AS departure - INTERVAL '1' HOUR
) WITH (
  'connector' = 'filesystem',
  'path'      = '${EXAMPLES:-examples}/data/flights.ndjson',
  'format'    = 'json'
);

SELECT window_start, place, origin, destination, flights
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY flights DESC, origin, destination) AS place
  FROM (
    SELECT window_start, window_end, origin, destination, COUNT(*) AS flights
    FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(departure), INTERVAL '7' DAY))
    GROUP BY window_start, window_end, origin, destination
  )
)
WHERE place <= 3
ORDER BY window_start, place;

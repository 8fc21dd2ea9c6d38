-- Clean the flights and export them to Parquet, partitioned by state. Files appear only when they are complete;
-- run with -D OUT=DIR to choose the place.

CREATE TABLE flights (
  `date`      STRING,
  delay       INT,
  distance    INT,
  origin      STRING,
  destination STRING
) WITH (
  'connector' = 'filesystem',
  'path'      = '${EXAMPLES:-examples}/data/flights.ndjson',
  'format'    = 'json'
);

CREATE TABLE airports (
  iata STRING, name STRING, city STRING, state STRING, latitude DOUBLE, longitude DOUBLE
) WITH (
  'connector'  = 'filesystem',
  'path'       = '${EXAMPLES:-examples}/data/airports.csv',
  'format'     = 'csv',
  'csv.header' = 'true'
);

CREATE TABLE departures (
  departure   TIMESTAMP(3),
  origin      STRING,
  city        STRING,
  destination STRING,
  delay       INT,
  speed_class STRING,
  state       STRING
) PARTITIONED BY (state) WITH (
  'connector' = 'filesystem',
  'path'      = '${OUT:-out/departures}',
  'format'    = 'parquet'
);

INSERT INTO departures
SELECT
  TO_TIMESTAMP(f.`date`, 'yyyy/MM/dd HH:mm'),
  f.origin,
  a.city,
  f.destination,
  f.delay,
  CASE WHEN f.distance < 500 THEN 'short' WHEN f.distance < 1500 THEN 'medium' ELSE 'long' END,
  a.state
FROM flights AS f
JOIN airports AS a ON a.iata = f.origin;

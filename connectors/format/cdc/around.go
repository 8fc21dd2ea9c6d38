package cdc

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/json"
	"github.com/thalweg/thalweg/internal/types"
)

// The metadata of the formats has the keys and types of Flink's.

func debeziumAround() []json.Around {
	source := func(key, part, doc string) json.Around {
		return json.Around{MetadataSpec: text("source."+key, doc), Member: "source", Part: part}
	}
	at := source("timestamp", "ts_ms", "When the database made the change: `ts_ms` in `source`.")
	at.Type, at.Time = types.TimestampLTZOf(3), json.Millis
	all := source("properties", "", "All of `source`.")
	all.Type = types.MapOf(types.StringType(), types.StringType())
	return []json.Around{
		{MetadataSpec: text("schema", "The schema of the change, if records hold it."), Member: "schema", Outside: true},
		when("ingestion-timestamp", "ts_ms", json.Millis, 3, "When Debezium handled the change: `ts_ms`."),
		at,
		source("database", "db", "The database: `db` in `source`."),
		source("schema", "schema", "The database's schema: `schema` in `source`."),
		source("table", "table", "The table: `table` in `source`."),
		all,
	}
}

func canalAround() []json.Around {
	return append(placed(),
		json.Around{MetadataSpec: connector.MetadataSpec{Key: "sql-type", Type: types.MapOf(types.StringType(), types.Of(types.Int)),
			Doc: "The codes of the columns' types: `sqlType`."}, Member: "sqlType"},
		names("pk-names", "pkNames"),
		when("ingestion-timestamp", "ts", json.Millis, 3, "When Canal handled the change: `ts`."),
		when("event-timestamp", "es", json.Millis, 3, "When the database made the change: `es`."))
}

func maxwellAround() []json.Around {
	return append(placed(),
		names("primary-key-columns", "primary_key_columns"),
		when("ingestion-timestamp", "ts", json.Seconds, 3, "When the database made the change, to the second: `ts`."))
}

func oggAround() []json.Around {
	return []json.Around{
		{MetadataSpec: text("table", "The table, with its schema: `table`."), Member: "table"},
		names("primary-keys", "primary_keys"),
		when("ingestion-timestamp", "current_ts", json.Zoneless, 6, "When GoldenGate handled the change: `current_ts`."),
		when("event-timestamp", "op_ts", json.Zoneless, 6, "When the database made the change: `op_ts`."),
	}
}

// placed says which table of which database a record is of.
func placed() []json.Around {
	return []json.Around{
		{MetadataSpec: text("database", "The database: `database`."), Member: "database"},
		{MetadataSpec: text("table", "The table: `table`."), Member: "table"},
	}
}

func text(key, doc string) connector.MetadataSpec {
	return connector.MetadataSpec{Key: key, Type: types.StringType(), Doc: doc}
}

func names(key, member string) json.Around {
	return json.Around{
		MetadataSpec: connector.MetadataSpec{Key: key, Type: types.ArrayOf(types.StringType()), Doc: "The names of the primary key's columns: `" + member + "`."},
		Member:       member,
	}
}

func when(key, member string, form json.TimeForm, precision int, doc string) json.Around {
	return json.Around{
		MetadataSpec: connector.MetadataSpec{Key: key, Type: types.TimestampLTZOf(precision), Doc: doc},
		Member:       member, Time: form,
	}
}

package bind

import "strings"

// foreignFunctions are functions of other engines with what to write instead.
var foreignFunctions = map[string]string{
	"ADD_MONTHS":       "write time + INTERVAL '1' MONTH, or TIMESTAMPADD(MONTH, n, time)",
	"ANY_VALUE":        "FIRST_VALUE(value) gives one of a group",
	"ARRAY_LENGTH":     "CARDINALITY(array) counts the elements",
	"CHARINDEX":        "POSITION(part IN text) and LOCATE(part, text) find a part",
	"CONVERT":          "write CAST(value AS type)",
	"CURDATE":          "write CURRENT_DATE",
	"CURTIME":          "write CURRENT_TIME",
	"DATE":             "write CAST(value AS DATE), or TO_DATE(text, pattern)",
	"DATEADD":          "write time + INTERVAL '1' DAY, or TIMESTAMPADD(DAY, n, time)",
	"DATEDIFF":         "write TIMESTAMPDIFF(DAY, from, to)",
	"DATE_ADD":         "write time + INTERVAL '1' DAY, or TIMESTAMPADD(DAY, n, time)",
	"DATE_DIFF":        "write TIMESTAMPDIFF(DAY, from, to)",
	"DATE_PART":        "write EXTRACT(unit FROM time)",
	"DATE_SUB":         "write time - INTERVAL '1' DAY, or TIMESTAMPADD(DAY, -n, time)",
	"DATE_TRUNC":       "write FLOOR(time TO DAY)",
	"FORMAT":           "PRINTF(format, value, …) formats values, DATE_FORMAT(time, pattern) times",
	"FORMAT_TIMESTAMP": "write DATE_FORMAT(time, pattern)",
	"GETDATE":          "write CURRENT_TIMESTAMP",
	"GROUP_CONCAT":     "LISTAGG(text, separator) joins texts",
	"IIF":              "write IF(condition, value, value)",
	"ISNULL":           "write value IS NULL, or IFNULL(value, other)",
	"JSON_EXTRACT":     "JSON_VALUE(json, path) gives a scalar, JSON_QUERY(json, path) an object or array",
	"LEN":              "CHAR_LENGTH(text) counts characters",
	"LENGTH":           "CHAR_LENGTH(text) counts characters",
	"MEDIAN":           "write PERCENTILE(number, 0.5)",
	"NVL":              "write COALESCE(value, other) or IFNULL(value, other)",
	"NVL2":             "write IF(value IS NOT NULL, value, value)",
	"RANDOM":           "RAND() gives a number from 0 to 1",
	"SAFE_CAST":        "write TRY_CAST(value AS type)",
	"SIZE":             "CARDINALITY(collection) counts the elements",
	"STRFTIME":         "write DATE_FORMAT(time, pattern)",
	"STRING_AGG":       "LISTAGG(text, separator) joins texts",
	"STRING_SPLIT":     "SPLIT(text, separator) gives an array, SPLIT_INDEX(text, separator, n) one part",
	"STRPOS":           "POSITION(part IN text) and LOCATE(part, text) find a part",
	"SYSDATE":          "write CURRENT_TIMESTAMP",
	"TOP":              "write LIMIT n at the end of the query",
	"TO_CHAR":          "write DATE_FORMAT(time, pattern), or CAST(value AS STRING)",
	"TO_NUMBER":        "write CAST(text AS DECIMAL(p, s))",
	"TRUNC":            "TRUNCATE(number, digits) cuts numbers, FLOOR(time TO unit) times",
	"WINDOW":           "write FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL '1' MINUTE))",
}

// placesOfNames say where names belong that mean something elsewhere only.
var placesOfNames = map[string]string{
	"WINDOW_START": windowColumnHint, "WINDOW_END": windowColumnHint, "WINDOW_TIME": windowColumnHint,
	"PROCTIME": "write PROCTIME(), or declare a column AS PROCTIME() in the table",
	"SYSDATE":  "write CURRENT_TIMESTAMP",
	"TODAY":    "write CURRENT_DATE",
}

const windowColumnHint = "it is a column of a windowing table function: FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL '1' MINUTE))"

// functionHint says what to write instead of a function that there is not; empty when
// it is of no other engine.
func functionHint(name string) string {
	if hint := foreignFunctions[name]; hint != "" {
		return hint
	}
	for _, window := range []string{"TUMBLE", "HOP", "SESSION"} {
		if suffix, ok := strings.CutPrefix(name, window+"_"); ok {
			switch suffix {
			case "START", "END", "ROWTIME", "PROCTIME":
				return "it tells of the window of GROUP BY " + window + "(…)"
			}
		}
	}
	return ""
}

package token

import "strings"

// reservedText are the words that cannot be unquoted identifiers because a query
// could not be read otherwise. Flink reserves many more; a script written for
// Flink quotes those, and one that does not is readable all the same.
const reservedText = `ALL ALTER AND ANY AS BETWEEN BY CASE CREATE CROSS DISTINCT DROP ELSE END EXCEPT EXISTS FALSE
FETCH FOR FROM FULL GROUP HAVING IN INNER INSERT INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT MATCH_RECOGNIZE NATURAL NOT NULL
OFFSET ON OR ORDER OUTER QUALIFY RIGHT SELECT SET SIMILAR SOME TABLE THEN TRUE UNION UNNEST USING VALUES WHEN WHERE
WINDOW WITH`

// reserved is reservedText as a set; it is never written after.
var reserved = func() map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(reservedText) {
		set[w] = true
	}
	return set
}()

// Reserved reports whether an upper-case word cannot be an unquoted identifier.
func Reserved(upper string) bool { return reserved[upper] }

// keywordText are the words offered when a word looks like a typo of one, the likely
// ones first.
const keywordText = ` SELECT FROM WHERE GROUP HAVING ORDER LIMIT WITH JOIN LEFT VALUES INSERT CREATE TABLE ` + reservedText + ` ADD ANALYZE ARRAY ASC BEGIN CAST CATALOG COLUMN COMMENT CONSTRAINT CUBE DATABASE DESC DESCRIBE
DISTRIBUTED EMIT EXECUTE EXPLAIN FILTER FUNCTION GROUPING IF INTERVAL JAR KEY MAP METADATA MODEL MODIFY NULLS OVER OVERWRITE
PARTITION PARTITIONED PRIMARY RANGE REMOVE RENAME REPLACE RESET ROLLUP ROW ROWS SAVEPOINT SETS SHOW STATEMENT STOP STREAM SYSTEM
TEMPORARY UNIQUE USE VIEW WATERMARK WITHIN`

// Keywords lists the words worth suggesting for a misspelt one.
func Keywords() []string { return strings.Fields(keywordText) }

// contextualText are words that the grammar knows in some places, though they are
// reserved nowhere.
const contextualText = `ADD AFTER ANTI ARCHIVE ARRAY ASC BEGIN CASCADE CATALOG COLUMN COMMENT CONSTRAINT CUBE CURRENT CURRENT_DATE CURRENT_TIME
CURRENT_TIMESTAMP DATABASE DATE DEFINE DESC DESCRIPTOR DISTRIBUTED DISTRIBUTION EMIT EMPTY ENFORCED ERROR ESCAPE
EXECUTE EXPLAIN EXTENDED FILE FILTER FINAL FIRST FUNCTION GROUPING GROUPS HASH IF IGNORE INPUT INTERVAL JAR JOB KEY
LANGUAGE LAST LOCALTIME LOCALTIMESTAMP MAP MATERIALIZED MEASURES METADATA MODEL MODIFY MULTISET NULLS ONE ORDINALITY
OUTPUT OVER OVERLAPS OVERWRITE PARTITION PARTITIONED PARTITIONS PATTERN PERMUTE PIVOT PRIMARY RANGE RECURSIVE REMOVE
RENAME REPLACE RESET RESPECT RESTRICT RETURNING ROLLUP ROW ROWS RUNNING SCHEMA SEMI SETS SHOW STATEMENT STOP STREAM
SUBSET SYSTEM TABLESAMPLE TEMPORARY TIME TIMESTAMP TIMESTAMP_LTZ TO UNIQUE UNKNOWN UNPIVOT USE VALUE VIEW WATERMARK
WITHIN`

// contextual is contextualText as a set; it is never written after.
var contextual = func() map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(contextualText) {
		set[w] = true
	}
	return set
}()

// Contextual reports whether an upper-case word means something in some places, so
// that an identifier of that name is better quoted.
func Contextual(upper string) bool { return contextual[upper] }

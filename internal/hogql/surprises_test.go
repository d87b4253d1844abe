package hogql_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// surprise is one text that PostHog reads in another way than it looks, or that others' habits lead to. The place of
// the finding stands between « and »; words are in its message, note or hint; fixed is the repaired text, "" where
// no repair is certain. The code "syntax" is for texts that PostHog's parser refuses, "" for those about which there
// is nothing to say.
type surprise struct{ id, text, severity, code, words, fixed string }

// surprises are what PostHog's parser accepts though it was hardly meant, one group for each construct.
var surprises = []surprise{
	{"order behind limit", "SELECT event FROM events WHERE {filters} LIMIT 5 ORDER BY «event»", "warning", "dropped", "drops ORDER BY behind LIMIT", "SELECT event FROM events WHERE {filters} ORDER BY event LIMIT 5"},
	{"order behind parentheses", "(SELECT event FROM events WHERE {filters}) ORDER BY «event»", "warning", "dropped", "behind a query in parentheses", ""},
	{"order behind a set", "(SELECT 1 AS a) UNION ALL (SELECT 2) ORDER BY «a»", "warning", "dropped", "behind UNION", ""},
	{"order of the last member", "SELECT 1 AS a UNION ALL SELECT 2 AS a ORDER BY «a»", "warning", "set-tail", "of the last SELECT alone", ""},
	{"limit of the last member", "SELECT 1 AS a UNION ALL SELECT 2 AS a «LIMIT 1»", "warning", "set-tail", "LIMIT here is of the last SELECT alone", ""},
	{"limit of a member in parentheses", "SELECT 1 AS a UNION ALL (SELECT 2 AS a LIMIT 1)", "", "", "", ""},
	{"limit of each member", "SELECT 1 AS a LIMIT 1 UNION ALL SELECT 2 AS a LIMIT 1", "", "", "", ""},
	{"limit a, b", "SELECT number FROM numbers(99) LIMIT 5, «10»", "error", "offset", "limit a and offset b", ""},
	{"limit twice", "SELECT number FROM numbers(9) «LIMIT 10» LIMIT 5", "warning", "limit-twice", "takes the last LIMIT, 5", "SELECT number FROM numbers(9) LIMIT 5"},
	{"limit twice, larger", "(SELECT number FROM numbers(9) «LIMIT 5») LIMIT 10", "warning", "limit-twice", "LIMIT 5 does not count", ""},
	{"limit twice, smaller", "(SELECT number FROM numbers(9) LIMIT 10) LIMIT 5", "", "", "", ""},
	{"limit by and limit", "SELECT number FROM numbers(9) LIMIT 1 BY number LIMIT 5", "", "", "", ""},
	{"nulls first", "SELECT event FROM events WHERE {filters} ORDER BY «event NULLS FIRST»", "warning", "dropped", "nulls come last", ""},
	{"nulls last is so anyway", "SELECT event FROM events WHERE {filters} ORDER BY event DESC NULLS LAST", "", "", "", ""},
	{"collate", "SELECT event FROM events WHERE {filters} ORDER BY «event COLLATE 'de'»", "warning", "dropped", "lower(event)", ""},
	{"totals", "SELECT event, count() FROM events WHERE {filters} GROUP BY event «WITH TOTALS» ORDER BY event", "warning", "dropped", "WITH TOTALS", ""},
	{"totals without groups", "SELECT count() FROM events WHERE {filters} «WITH TOTALS»", "warning", "dropped", "WITH TOTALS", ""},
	{"totals without a table", "SELECT 1 «WITH TOTALS»", "warning", "dropped", "WITH TOTALS", ""},
	{"totals of a table", "SELECT count() FROM persons «WITH TOTALS»", "warning", "dropped", "WITH TOTALS", ""},
	{"with rollup", "SELECT event, count() FROM events WHERE {filters} GROUP BY event «WITH ROLLUP»", "warning", "dropped", "GROUP BY ROLLUP(…)", ""},
	{"with cube", "SELECT event, count() FROM events WHERE {filters} GROUP BY event «WITH CUBE»", "warning", "dropped", "GROUP BY CUBE(…)", ""},
	{"natural", "SELECT 1 FROM events NATURAL JOIN «persons» WHERE {filters}", "warning", "dropped", "drops NATURAL", ""},
	{"ignore nulls in a window", "SELECT lag(«event IGNORE NULLS») OVER (ORDER BY timestamp) FROM events WHERE {filters}", "warning", "dropped", "drops IGNORE NULLS", ""},
	{"ignore nulls is so anyway", "SELECT any(event) IGNORE NULLS FROM events WHERE {filters}", "", "", "", ""},
	{"filter before over", "SELECT count(*) FILTER (WHERE «event = '$pageview'») OVER () FROM events WHERE {filters}", "warning", "dropped", "drops FILTER before OVER", "SELECT countIf(event = '$pageview') OVER () FROM events WHERE {filters}"},
	{"?? and =", "SELECT event «??» 'x' = 'y' FROM events WHERE {filters}", "warning", "coalesce-order", "(event ?? 'x') = 'y'", ""},
	{"?? and >", "SELECT 1 FROM events WHERE {filters} AND properties.amount «??» 0 > 5", "warning", "coalesce-order", "binds looser than >", ""},
	{"text in double quotes", `SELECT event FROM events WHERE {filters} AND event = «"$pageview"»`, "error", "unknown-column", "'$pageview'", "SELECT event FROM events WHERE {filters} AND event = '$pageview'"},
	{"index in double quotes", `SELECT properties[«"plan"»] FROM events WHERE {filters}`, "error", "unknown-column", "'plan'", "SELECT properties['plan'] FROM events WHERE {filters}"},
	{"nullable behind ::", "SELECT «properties.plan::Nullable(String)» FROM events WHERE {filters}", "error", "call-of-expression", "properties.plan::String", "SELECT properties.plan::String FROM events WHERE {filters}"},
	{"decimal behind ::", "SELECT «properties.amount::Decimal(10, 2)» FROM events WHERE {filters}", "error", "call-of-expression", "CAST(", "SELECT CAST(properties.amount AS Decimal(10, 2)) FROM events WHERE {filters}"},
	{"lambda swallows", "SELECT «arrayMap(a, x -> x)» FROM (SELECT [1] AS a)", "error", "argument-count", "took the names before it", ""},
	{"two lambdas", "SELECT «arrayMap(x -> x, y -> y)»", "error", "argument-count", "takes at least 2 arguments", ""},
	{"two names of a table", "SELECT 1 FROM persons «a» b", "warning", "two-aliases", `"a" is dropped and "b" counts`, ""},
	{"two names of a subquery", "SELECT n FROM (SELECT 1 AS n) AS «a» b", "warning", "two-aliases", `"b" counts`, ""},
	{"two names with columns", "SELECT n FROM (SELECT 1 AS m) AS «a» (k) b (n)", "warning", "two-aliases", `"b" counts`, ""},
	{"format", "SELECT 1 FROM persons« FORMAT JSON»", "warning", "foreign-dialect", "FORMAT is read as an alias", "SELECT 1 FROM persons"},
	{"comma before where", "SELECT 1 FROM persons, «where» x", "error", "unknown-table", "WHERE is read as the name of a table", ""},
	{"comma before a condition", "SELECT 1 FROM persons«,» WHERE created_at > now()", "error", "syntax", "found WHERE", "SELECT 1 FROM persons WHERE created_at > now()"},
	{"join without a table", "SELECT 1 FROM persons JOIN «on» id", "error", "unknown-table", "ON is read as the name of a table", ""},
	{"two names of a column", "SELECT event AS a «b» FROM events WHERE {filters}", "warning", "two-aliases", "two names for one column", ""},
	{"the same name twice", "SELECT (event AS a) AS a FROM events WHERE {filters}", "", "", "", ""},
	{"all *", "SELECT «all» * FROM persons", "error", "unknown-column", "ALL is read as a column", ""},
	{"all", "SELECT «ALL» id FROM persons", "error", "unknown-column", "SELECT id FROM persons", "SELECT id FROM persons"},
	{"as from", "SELECT 1 AS «from» persons", "warning", "two-aliases", "FROM is read as a name", ""},
	{"distinct alone", "SELECT «DISTINCT»", "error", "unknown-column", "it needs columns", ""},
	{"distinct on", "SELECT DISTINCT «ON» (event) event, timestamp FROM events WHERE {filters}", "error", "unknown-function", "LIMIT 1 BY event", "SELECT event, timestamp FROM events WHERE {filters} LIMIT 1 BY event"},
	{"property with -", "SELECT properties.«a-b» FROM events WHERE {filters}", "error", "property-name", "read as a subtraction", "SELECT properties.`a-b` FROM events WHERE {filters}"},
	{"property with /", "SELECT properties.«$feature/x» FROM events WHERE {filters}", "error", "property-name", "read as a division", "SELECT properties.`$feature/x` FROM events WHERE {filters}"},
	{"property with digits", "SELECT properties.«123abc» FROM events WHERE {filters}", "warning", "property-name", "needs backticks", "SELECT properties.`123abc` FROM events WHERE {filters}"},
	{"property of digits", "SELECT properties.«123» FROM events WHERE {filters}", "warning", "property-name", "needs backticks", ""},
	{"property 0", "SELECT «properties.0» FROM events WHERE {filters}", "error", "index-zero", "counts from 1", ""},
	{"1--2", "SELECT 1«--»2", "warning", "comment", "begins a comment", ""},
	{"a//b", "SELECT number«//»2 FROM numbers(9)", "warning", "comment", "FROM and what else follows", ""},
	{"a #b", "SELECT number «#»b FROM numbers(9)", "warning", "comment", "FROM and what else follows", ""},
	{"a comment without an end", "SELECT 1 «/*» one FROM numbers(9)", "warning", "comment", "has no end", ""},
	{"a comment", "SELECT number -- the number\nFROM numbers(9) # from here", "", "", "", ""},
	{"// in a template", "SELECT f'https://posthog.com/{event}', <a href={f'//{event}'}>x // y</a> FROM events WHERE {filters}", "", "", "", ""},
	{"exclude loses its table", "SELECT «e.* EXCLUDE (event)» FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE {filters}", "warning", "dropped", "drops the table before * EXCLUDE", ""},
	{"in one column", "SELECT 1 FROM events WHERE {filters} AND «event IN (distinct_id)»", "warning", "in-column", "write event = distinct_id", ""},
	{"not (a) = b", "SELECT «not» (event) = '$pageview' FROM events WHERE {filters}", "warning", "not-order", "NOT (event = '$pageview')", ""},
	{"not(a) = b", "SELECT «not»(event) = '$pageview' FROM events WHERE {filters}", "warning", "not-order", "NOT (event = '$pageview')", ""},
	{"not (a) = 1", "SELECT not(event = '$pageview') = 1 FROM events WHERE {filters}", "", "", "", ""},
	{"a<b and", "SELECT event«<»distinct_id AND true FROM events WHERE {filters}", "error", "syntax", "begins a tag", "SELECT event < distinct_id AND true FROM events WHERE {filters}"},
	{"% in a name", "SELECT event AS «`a%b`» FROM events WHERE {filters}", "error", "percent-name", "no % in a name", ""},
	{"% in a property", "SELECT properties.«`a%b`» FROM events WHERE {filters}", "error", "percent-name", "no % in a name", ""},
}

// mistakes are what models write from the habits of other dialects.
var mistakes = []surprise{
	{"regular expression", `SELECT match(event, '«\d»+') FROM events WHERE {filters}`, "error", "syntax", "written twice", `SELECT match(event, '\\d+') FROM events WHERE {filters}`},
	{"escaped percent", `SELECT event LIKE '50«\%»' FROM events WHERE {filters}`, "error", "syntax", "written twice", `SELECT event LIKE '50\\%' FROM events WHERE {filters}`},
	{"interval with a plural", "SELECT now() - INTERVAL 7 «DAYS»", "error", "syntax", "no plural", "SELECT now() - INTERVAL 7 DAY"},
	{"interval in capitals", "SELECT now() - INTERVAL «'7 DAY'»", "error", "syntax", "lower case", "SELECT now() - INTERVAL 7 DAY"},
	{"interval of two units", "SELECT now() - INTERVAL «'1 month 2 days'»", "error", "syntax", "INTERVAL", "SELECT now() - INTERVAL 1 MONTH - INTERVAL 2 DAY"},
	{"days without interval", "SELECT now() - «7» day", "error", "syntax", "begins with INTERVAL", "SELECT now() - INTERVAL 7 day"},
	{"date literal", "SELECT «DATE» '2026-01-01'", "error", "syntax", "not HogQL", "SELECT toDate('2026-01-01')"},
	{"timestamp literal", "SELECT «TIMESTAMP» '2026-01-01 00:00:00'", "error", "syntax", "not HogQL", "SELECT toDateTime('2026-01-01 00:00:00')"},
	{"extract", "SELECT «EXTRACT»(YEAR FROM timestamp) FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT toYear(timestamp) FROM events WHERE {filters}"},
	{"extract the weekday", "SELECT «EXTRACT»(DOW FROM timestamp) FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT toDayOfWeek(timestamp) % 7 FROM events WHERE {filters}"},
	{"time zone", "SELECT timestamp «AT» TIME ZONE 'UTC' FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT toTimeZone(timestamp, 'UTC') FROM events WHERE {filters}"},
	{"array behind ::", "SELECT '[]'::«Array»(String)", "error", "syntax", "no type", "SELECT CAST('[]' AS Array(String))"},
	{"substring from", "SELECT SUBSTRING(event «FROM» 1 FOR 2) FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT SUBSTRING(event, 1, 2) FROM events WHERE {filters}"},
	{"->>", "SELECT properties«->>»'$browser' FROM events WHERE {filters}", "error", "syntax", "no operator", "SELECT properties.$browser FROM events WHERE {filters}"},
	{":", "SELECT properties:«plan»::string FROM events WHERE {filters}", "error", "unknown-column", "properties.plan", "SELECT properties.plan::string FROM events WHERE {filters}"},
	{"top", "SELECT «TOP» 10 event FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT event FROM events WHERE {filters} LIMIT 10"},
	{"fetch first", "SELECT event FROM events WHERE {filters} «FETCH» FIRST 10 ROWS ONLY", "error", "syntax", "not HogQL", "SELECT event FROM events WHERE {filters} LIMIT 10"},
	{"fetch next", "SELECT event FROM events WHERE {filters} ORDER BY event «FETCH» NEXT 5 ROWS ONLY", "error", "syntax", "not HogQL", "SELECT event FROM events WHERE {filters} ORDER BY event LIMIT 5"},
	{"offset rows", "SELECT event FROM events WHERE {filters} OFFSET 10 «ROWS» FETCH NEXT 5 ROWS ONLY", "error", "syntax", "a number alone", "SELECT event FROM events WHERE {filters} OFFSET 10 LIMIT 5"},
	{"percent", "SELECT event FROM events WHERE {filters} LIMIT 10 «PERCENT»", "error", "syntax", "as a sign", "SELECT event FROM events WHERE {filters} LIMIT 10%"},
	{"settings", "SELECT 1 «SETTINGS» max_threads = 1", "error", "syntax", "not supported", "SELECT 1"},
	{"format behind where", "SELECT event FROM events WHERE {filters} «FORMAT» JSON", "error", "syntax", "not HogQL", "SELECT event FROM events WHERE {filters}"},
	{"except", "SELECT * «EXCEPT» (properties) FROM persons", "error", "syntax", "not HogQL", "SELECT * EXCLUDE (properties) FROM persons"},
	{"except without parentheses", "SELECT * «EXCEPT» properties, created_at FROM persons", "error", "syntax", "not HogQL", "SELECT * EXCLUDE (properties, created_at) FROM persons"},
	{"&&", "SELECT 1 «&»& 2", "error", "syntax", "no operator", "SELECT 1 AND 2"},
	{"!", "SELECT «!»1", "error", "syntax", "no operator", "SELECT NOT 1"},
	{"**", "SELECT 2 «**» 3", "error", "syntax", "no operator", "SELECT pow(2, 3)"},
	{"div", "SELECT 5 «DIV» 2", "error", "syntax", "not HogQL", "SELECT intDiv(5, 2)"},
	{"is true", "SELECT properties.is_trial «IS» TRUE FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT properties.is_trial = true FROM events WHERE {filters}"},
	{"rlike", "SELECT event NOT «RLIKE» 'a' FROM events WHERE {filters}", "error", "syntax", "not HogQL", "SELECT NOT match(event, 'a') FROM events WHERE {filters}"},
	{"global join", "SELECT count() FROM events «GLOBAL »JOIN persons ON person_id = persons.id WHERE {filters}", "warning", "foreign-dialect", "GLOBAL is read as an alias", "SELECT count() FROM events JOIN persons ON person_id = persons.id WHERE {filters}"},
	{"lateral", "SELECT 1 FROM persons, «LATERAL» (SELECT 1)", "error", "syntax", "not HogQL", "SELECT 1 FROM persons, (SELECT 1)"},
	{"unnest", "SELECT x FROM «UNNEST([1, 2]) AS x»", "warning", "foreign-dialect", "arrayJoin", "SELECT x FROM (SELECT arrayJoin([1, 2]) AS x) AS x"},
	{"unnest with a column", "SELECT n FROM «UNNEST([1, 2]) AS t (n)»", "warning", "foreign-dialect", "arrayJoin", "SELECT n FROM (SELECT arrayJoin([1, 2]) AS n) AS t"},
	{"unnest joined", "SELECT x FROM (SELECT [1] AS a)«, UNNEST(a) AS x»", "warning", "foreign-dialect", "ARRAY JOIN", "SELECT x FROM (SELECT [1] AS a) ARRAY JOIN a AS x"},
	{"value in with", "WITH x AS «1» SELECT x", "error", "syntax", "before AS", "WITH 1 AS x SELECT x"},
	{"array join without a name", "SELECT 1 FROM persons ARRAY JOIN «[1, 2]»", "error", "syntax", "needs an alias", "SELECT 1 FROM persons ARRAY JOIN [1, 2] AS item"},
	{"toInt64", "SELECT «toInt64»(properties.rating) FROM events WHERE {filters}", "error", "unknown-function", "toInt", "SELECT toInt(properties.rating) FROM events WHERE {filters}"},
	{"toFloat64OrNull", "SELECT «toFloat64OrNull»(properties.rating) FROM events WHERE {filters}", "error", "unknown-function", "toFloat", "SELECT toFloat(properties.rating) FROM events WHERE {filters}"},
	{"toUInt32OrZero", "SELECT «toUInt32OrZero»(properties.rating) FROM events WHERE {filters}", "error", "unknown-function", "toIntOrZero", "SELECT toIntOrZero(properties.rating) FROM events WHERE {filters}"},
	{"toDateOrNull", "SELECT «toDateOrNull»('x')", "error", "unknown-function", "toDate", "SELECT toDate('x')"},
	{"toFloat64OrDefault", "SELECT «toInt8OrDefault»(properties.rating, 1) FROM events WHERE {filters}", "error", "unknown-function", "no function", ""},
	{"lag in capitals", "SELECT «LAG»(event) OVER (ORDER BY timestamp) FROM events WHERE {filters}", "error", "unknown-function", "tell capitals", "SELECT lag(event) OVER (ORDER BY timestamp) FROM events WHERE {filters}"},
	{"count if", "SELECT «COUNTIF»(true)", "error", "unknown-function", "countIf", "SELECT countIf(true)"},
	{"split", "SELECT «split»('a,b', ',')", "error", "unknown-function", "splitByString", "SELECT splitByString(',', 'a,b')"},
	{"concat_ws", "SELECT «CONCAT_WS»(',', event, distinct_id) FROM events WHERE {filters}", "error", "unknown-function", "concatWithSeparator", "SELECT concatWithSeparator(',', event, distinct_id) FROM events WHERE {filters}"},
	{"substr", "SELECT «SUBSTR»(event, 1, 2) FROM events WHERE {filters}", "error", "unknown-function", "substring", "SELECT substring(event, 1, 2) FROM events WHERE {filters}"},
	{"add_months", "SELECT «ADD_MONTHS»(now(), 1 + 1)", "error", "unknown-function", "MONTH", "SELECT now() + INTERVAL (1 + 1) MONTH"},
	{"dateSub with a word", "SELECT «dateSub(DAY, 7, now())»", "error", "foreign-dialect", "unit as a text", "SELECT now() - INTERVAL 7 DAY"},
	{"visitParam", "SELECT «visitParamExtractString»(properties, 'plan') FROM events WHERE {filters}", "error", "unknown-function", "properties.plan", "SELECT properties.plan FROM events WHERE {filters}"},
	{"index in BigQuery", "SELECT [1, 2][«OFFSET»(0)]", "error", "unknown-function", "[1]", "SELECT [1, 2][1]"},
	{"ordinal in BigQuery", "SELECT [1, 2][«SAFE_ORDINAL»(2)]", "error", "unknown-function", "[2]", "SELECT [1, 2][2]"},
	{"any other index", "SELECT [1, 2][«nope»(2)]", "error", "unknown-function", "no function", ""},
	{"exists", "SELECT e.event FROM events AS e WHERE {filters} AND «EXISTS» (SELECT 1 FROM persons AS p WHERE p.id = e.person_id)", "error", "unknown-function", "IN (SELECT",
		"SELECT e.event FROM events AS e WHERE {filters} AND e.person_id IN (SELECT p.id FROM persons AS p)"},
	{"not exists", "SELECT e.event FROM events AS e WHERE {filters} AND NOT «EXISTS» (SELECT 1 FROM persons WHERE e.person_id = persons.id AND created_at > now())", "error", "unknown-function", "IN (SELECT",
		"SELECT e.event FROM events AS e WHERE {filters} AND NOT e.person_id IN (SELECT persons.id FROM persons WHERE created_at > now())"},
	{"exists of two keys", "SELECT e.event FROM events AS e WHERE {filters} AND «EXISTS» (SELECT 1 FROM persons AS p WHERE p.id = e.person_id AND p.created_at = e.created_at)", "error", "unknown-function", "key IN (SELECT key FROM …)", ""},
	{"exists of anything", "SELECT «EXISTS» (SELECT 1 FROM persons WHERE id = 'a')", "error", "unknown-function", "key IN (SELECT key FROM …)", ""},
	{"exists of groups", "SELECT «EXISTS» (SELECT 1 FROM persons GROUP BY id)", "error", "unknown-function", "key IN (SELECT key FROM …)", ""},
	{"exists of a set", "SELECT «EXISTS» (SELECT 1 UNION ALL SELECT 2)", "error", "unknown-function", "key IN (SELECT key FROM …)", ""},
	{"correlated", "SELECT event FROM events AS e WHERE {filters} AND (SELECT count() FROM persons WHERE id = «e».person_id) > 0", "error", "unknown-column", "no correlated subqueries", ""},
	{"one statement", "SELECT 1«;» SELECT 2", "error", "syntax", "one query at a time", ""},
	{"join behind where", "SELECT event FROM events WHERE {filters} «JOIN» persons AS p ON p.id = person_id", "error", "syntax", "must stand before WHERE", "SELECT event FROM events JOIN persons AS p ON p.id = person_id WHERE {filters}"},
	{"having before group by", "SELECT event FROM events WHERE {filters} HAVING count() > 1 «GROUP» BY event", "error", "syntax", "must stand before HAVING", "SELECT event FROM events WHERE {filters} GROUP BY event HAVING count() > 1"},
	{"?", "SELECT «?»", "error", "syntax", "placeholder", "SELECT {name}"},
	{":name", "SELECT «:name»", "error", "syntax", "placeholder", "SELECT {name}"},
	{"@name", "SELECT «@»name", "error", "syntax", "placeholder", "SELECT {name}"},
	{"%(name)s", "SELECT «%»(name)s", "error", "syntax", "placeholder", "SELECT {name}"},
	{"{{name}}", "SELECT «{{name}}»", "warning", "foreign-dialect", "one pair of braces", "SELECT {name}"},
	{"$1", "SELECT «$1» FROM persons", "error", "unknown-column", "{p1}", "SELECT {p1} FROM persons"},
	{"reserved property", "SELECT properties.«let» FROM events WHERE {filters}", "error", "syntax", "reserved word", "SELECT properties.`let` FROM events WHERE {filters}"},
	{"in nothing", "SELECT event IN («)» FROM events WHERE {filters}", "error", "syntax", "at least one value", ""},
	{"trailing comma", "SELECT event FROM events WHERE {filters} ORDER BY event«,»", "error", "syntax", "ends with a comma", "SELECT event FROM events WHERE {filters} ORDER BY event"},
	{"join on an order", "SELECT 1 FROM events AS e JOIN persons AS p ON «e.timestamp > p.created_at» WHERE {filters}", "warning", "join-condition", "CROSS JOIN", "SELECT 1 FROM events AS e CROSS JOIN persons AS p WHERE e.timestamp > p.created_at AND {filters}"},
	{"left join on a value", "SELECT 1 FROM events AS e LEFT JOIN persons AS p ON «e.event = '$pageview'» WHERE {filters}", "warning", "join-condition", "joins on equal values", ""},
	{"join on everything", "SELECT 1 FROM events AS e JOIN persons AS p ON 1 WHERE {filters}", "", "", "", ""},
	{"no time", "SELECT count() FROM «events»", "warning", "no-time-filter", "all history is read", "SELECT count() FROM events WHERE timestamp >= now() - INTERVAL 30 DAY"},
	{"window in where", "SELECT row_number() OVER (ORDER BY timestamp) AS rn FROM events WHERE {filters} AND «rn» = 1", "error", "aggregate-in-where", "rn is a window function and cannot stand in WHERE", ""},
	{"window in having", "SELECT event, count() FROM events WHERE {filters} GROUP BY event HAVING «row_number() OVER ()» = 1", "error", "aggregate-in-having", "cannot stand in HAVING", ""},
	{"alias of a window in having", "SELECT event, rank() OVER (ORDER BY count()) AS r FROM events WHERE {filters} GROUP BY event HAVING «r» = 1", "error", "aggregate-in-having", "r is a window function", ""},
	{"window in an aggregate", "SELECT sum(«row_number() OVER ()») FROM events WHERE {filters}", "error", "nested-aggregate", "a window function cannot stand inside the aggregate sum", ""},
	{"window in a window", "SELECT sum(«rank() OVER ()») OVER () FROM events WHERE {filters}", "error", "nested-aggregate", "cannot stand in another window function", ""},
	{"window without over", "SELECT «row_number()» FROM events WHERE {filters}", "error", "window-without-over", "needs OVER", ""},
	{"over behind any function", "SELECT «lower(event) OVER ()» FROM events WHERE {filters}", "warning", "no-window-function", "takes no OVER", ""},
	{"multiIf without a rest", "SELECT «multiIf(event = '$pageview', 1, event = 'user_signed_up', 2)» FROM events WHERE {filters}", "error", "argument-count", "one value more for the rest", ""},
	{"group by an aggregate", "SELECT count() AS n FROM events WHERE {filters} GROUP BY «n»", "error", "aggregate-in-group-by", "n is an aggregate", ""},
	{"cube beside keys", "SELECT event, count() FROM events WHERE {filters} GROUP BY «CUBE»(event), distinct_id", "error", "unknown-function", "stands alone", ""},
	{"column number", "SELECT event FROM events WHERE {filters} ORDER BY «2»", "warning", "position", "there is no column 2", ""},
	{"group number", "SELECT event, count() FROM events WHERE {filters} GROUP BY «3»", "warning", "position", "the query has 2 columns", ""},
	{"limit all", "SELECT number FROM numbers(9) LIMIT «ALL»", "error", "limit-name", "50,000 rows", "SELECT number FROM numbers(9) LIMIT 50000"},
	{"limit a column", "SELECT number FROM numbers(9) LIMIT «number»", "error", "limit-name", "takes a number", ""},
	{"offset 0", "SELECT number FROM numbers(9) LIMIT 5 OFFSET «0»", "error", "offset", "even OFFSET 0", "SELECT number FROM numbers(9) LIMIT 5"},
	// names
	{"ambiguous", "SELECT «created_at» FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE {filters}", "error", "ambiguous-column", "e.created_at or p.created_at", ""},
	{"ambiguous property", "SELECT «properties».plan FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE {filters}", "error", "ambiguous-column", "e.properties.plan or p.properties.plan", ""},
	{"ambiguous without names", "SELECT «n» FROM (SELECT 1 AS n) JOIN (SELECT 1 AS n) ON true", "error", "ambiguous-column", "a subquery without an alias", ""},
	{"an alias decides", "SELECT e.created_at AS created_at FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE created_at > now() AND {filters}", "", "", "", ""},
	{"using decides", "SELECT n FROM (SELECT 1 AS n) AS a JOIN (SELECT 1 AS n) AS b USING (n)", "", "", "", ""},
	{"two tables of one name", "SELECT 1 FROM persons AS a JOIN events AS «a» ON true WHERE {filters}", "error", "duplicate-table", `two tables called "a"`, ""},
	{"one table twice", "SELECT 1 FROM persons JOIN «persons» ON true", "error", "duplicate-table", `two tables called "persons"`, ""},
	{"two columns of one name", "SELECT n FROM (SELECT 1 AS n, 2 AS «n»)", "warning", "duplicate-column", `two columns are called "n"`, ""},
	{"two fields of one name", "SELECT id FROM (SELECT e.event AS id, «p.id» FROM events AS e JOIN persons AS p ON p.id = e.person_id WHERE {filters})", "warning", "duplicate-column", "give one an alias", ""},
	{"one column twice", "SELECT event, event FROM (SELECT event, event FROM events WHERE {filters})", "", "", "", ""},
	{"common table of itself", "WITH a AS (SELECT n FROM «a») SELECT n FROM a", "error", "unknown-table", "only WITH RECURSIVE", ""},
	{"common table too early", "WITH a AS (SELECT n FROM «b»), b AS (SELECT n FROM a) SELECT n FROM a", "error", "unknown-table", `"b" is defined later`, ""},
	{"common table of a table", "WITH persons AS (SELECT id FROM persons) SELECT id FROM persons", "", "", "", ""},
}

func TestSurprises(t *testing.T) {
	t.Parallel()
	surprised(t, sandboxtest.Start(t), append(surprises, mistakes...))
}

// surprised checks the finding about each text, and that its repair has no error, has not the same fault, and runs.
func surprised(t *testing.T, s *sandboxtest.Sandbox, list []surprise) {
	t.Helper()
	cat := catalogueOf(t, project)
	for _, c := range list {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			o := hogql.CheckOptions{Values: map[string]bool{"name": true, "p1": true}}
			src := strings.NewReplacer("«", "", "»", "").Replace(c.text)
			from := strings.Index(c.text, "«")
			to := strings.Index(c.text, "»") - len("«")
			if _, err := hogql.Parse(src); err != nil {
				var e *hogql.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, "syntax", c.code, err)
				require.Equal(t, src[from:to], src[e.Span.Start:e.Span.End], err)
				require.Equal(t, from, int(e.Span.Start))
				require.Contains(t, e.Error(), c.words)
				if c.fixed != "" {
					require.Equal(t, c.fixed, e.Hint)
				}
				repaired(t, s, cat, o, c, c.fixed)
				return
			}
			list := check(t, src, cat, o)
			if c.code == "" {
				require.Empty(t, brief(src, list))
				return
			}
			var found *hogql.Finding
			for i := range list {
				if list[i].Code == c.code && int(list[i].Span.Start) == from {
					found = &list[i]
				}
			}
			require.NotNil(t, found, brief(src, list))
			require.Equal(t, c.severity, found.Severity.String())
			require.Equal(t, src[from:to], src[found.Span.Start:found.Span.End])
			require.Contains(t, found.Message+"\n"+found.Hint, c.words)
			fixed := ""
			if found.Fix != nil {
				fixed = hogql.Findings{*found}.Apply(src)
			}
			require.Equal(t, c.fixed, fixed)
			repaired(t, s, cat, o, c, fixed)
		})
	}
}

// repaired checks that a repaired text has no errors and not the same fault, and that it runs.
func repaired(t *testing.T, s *sandboxtest.Sandbox, cat *hogql.Catalogue, o hogql.CheckOptions, c surprise, fixed string) {
	t.Helper()
	if fixed == "" {
		return
	}
	o.Offset = true
	list := check(t, fixed, cat, o)
	require.NotContains(t, brief(fixed, list), " "+c.code+" ")
	require.NotContains(t, brief(fixed, list), "error ")
	runs(t, s, fixed)
}

package hogql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

const typed, over = "type-mismatch", " FROM events WHERE {filters}"

// types are values that a function, an operator or a comparison cannot take. ClickHouse refuses each of them.
var types = []surprise{
	{"sum of a column", "SELECT sum(«event»)" + over, "warning", typed, "sum takes numbers, and event holds text", ""},
	{"avg of a property", "SELECT avg(«properties.plan»)" + over, "warning", typed, `the property "plan" holds text`, "SELECT avg(toFloat(properties.plan))" + over},
	{"median of a property", "SELECT medianIf(«properties['plan']», true)" + over, "warning", typed, "medianIf takes numbers", "SELECT medianIf(toFloat(properties['plan']), true)" + over},
	{"quantile of a property", "SELECT quantile(0.9)(«properties.plan»)" + over, "warning", typed, "quantile takes numbers", "SELECT quantile(0.9)(toFloat(properties.plan))" + over},
	{"sum of a calculated text", "SELECT sum(«lower(event)»)" + over, "warning", typed, "lower(event) holds text", ""},
	{"sum of an alias", "SELECT properties.plan AS p, sum(«p») OVER ()" + over, "warning", typed, "toFloat(p)", "SELECT properties.plan AS p, sum(toFloat(p)) OVER ()" + over},
	{"round", "SELECT round(«properties.plan»)" + over, "warning", typed, "round takes numbers", "SELECT round(toFloat(properties.plan))" + over},
	{"month of a text", "SELECT toStartOfMonth(«properties.plan»)" + over, "warning", typed, "toStartOfMonth takes times", "SELECT toStartOfMonth(toDateTime(properties.plan))" + over},
	{"difference of texts", "SELECT dateDiff('day', timestamp, «event»)" + over, "warning", typed, "dateDiff takes times", "SELECT dateDiff('day', timestamp, toDateTime(event))" + over},
	{"lower of a number", "SELECT lower(«properties.amount»)" + over, "warning", typed, "lower takes text", "SELECT lower(toString(properties.amount))" + over},
	{"substring of a time", "SELECT substring(«timestamp», 1, 10)" + over, "warning", typed, "timestamp holds times", "SELECT substring(toString(timestamp), 1, 10)" + over},
	{"like on a number", "SELECT «properties.amount» LIKE '1%'" + over, "warning", typed, "LIKE takes text", "SELECT toString(properties.amount) LIKE '1%'" + over},
	{"match on a time", "SELECT «timestamp» =~ '2026'" + over, "warning", typed, "=~ takes text", "SELECT toString(timestamp) =~ '2026'" + over},
	{"times a text", "SELECT «properties.plan» * 2" + over, "warning", typed, "* takes no text", "SELECT toFloat(properties.plan) * 2" + over},
	{"minus a text", "SELECT 2 - «event»" + over, "warning", typed, "- takes no text", ""},
	{"plus of texts", "SELECT «event» + distinct_id" + over, "warning", typed, "event || distinct_id", ""},
	{"a text and an interval", "SELECT «properties.plan» + INTERVAL 1 DAY" + over, "warning", typed, "toDateTime(properties.plan)", "SELECT toDateTime(properties.plan) + INTERVAL 1 DAY" + over},
	{"number and text", "SELECT toFloat(properties.amount) = «'abc'»" + over, "warning", typed, "toFloat(properties.amount) holds numbers", ""},
	{"count and text", "SELECT count() AS n" + over + " HAVING n > «'abc'»", "warning", typed, "n holds numbers", ""},
	{"sum and text", "SELECT sum(properties.amount * 2 + 1) > «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"average and text", "SELECT avg(-properties.amount) > «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"largest and text", "SELECT max(properties.amount) > «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"branches and text", "SELECT if(true, 1, NULL) = «'x'», 1" + over, "warning", typed, "holds numbers", ""},
	{"case and text", "SELECT (CASE WHEN true THEN 1 ELSE 2 END) = «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"ternary and text", "SELECT (true ? 1 : 2) = «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"cast and text", "SELECT event::int = «'x'»" + over, "warning", typed, "holds numbers", ""},
	{"fallback and text", "SELECT (properties.amount ?? 0) = «'x'», ifNull(properties.amount, 0)" + over, "warning", typed, "holds numbers", ""},
	{"column of a subquery", "SELECT n FROM (SELECT count() AS n" + over + ") WHERE n = «'x'»", "warning", typed, "n holds numbers", ""},
	{"text and number", "SELECT person.properties.email = «5»" + over, "warning", typed, "compare it with '5'", "SELECT person.properties.email = '5'" + over},
	{"text above a number", "SELECT properties.plan > «5»" + over, "warning", typed, "no order of numbers", "SELECT toFloat(properties.plan) > 5" + over},
	{"column above a number", "SELECT event > «5»" + over, "warning", typed, "no order of numbers", ""},
	{"text and numbers", "SELECT event IN («1», '$pageview')" + over, "warning", typed, "compare it with '1'", "SELECT event IN ('1', '$pageview')" + over},
	{"texts and a number", "SELECT event IN ['$pageview', «1»]" + over, "warning", typed, "compare it with '1'", "SELECT event IN ['$pageview', '1']" + over},
	{"text and numeric property", "SELECT «properties.plan» = properties.amount" + over, "warning", typed, "is compared with numbers", "SELECT toFloat(properties.plan) = properties.amount" + over},
	{"numeric property and text", "SELECT properties.amount = «event»" + over, "warning", typed, "is compared with numbers", ""},
	{"time and text property", "SELECT timestamp > «properties.plan»" + over, "warning", typed, "is compared with times", "SELECT timestamp > toDateTime(properties.plan)" + over},
	{"two texts", "SELECT properties.plan = event, event = person.properties.email" + over, "", "", "", ""},
	{"time and word", "SELECT timestamp > «'last week'»" + over, "warning", typed, `"last week" is none`, ""},
	{"time and nothing", "SELECT timestamp != «''»" + over, "warning", typed, "holds times", ""},
	{"time and yesterday", "SELECT timestamp > «'yesterday'»" + over, "warning", typed, "yesterday()", "SELECT timestamp > yesterday()" + over},
	{"time and now", "SELECT timestamp < «'now'»" + over, "warning", typed, "now()", "SELECT timestamp < now()" + over},
	{"time and a relative one", "SELECT timestamp > «'-7d'»" + over, "warning", typed, "now() - INTERVAL 7 DAY", "SELECT timestamp > now() - INTERVAL 7 DAY" + over},
	{"time and words", "SELECT timestamp > «'30 minutes ago'»" + over, "warning", typed, "is none", ""},
	{"time and months", "SELECT timestamp > «'3 months ago'»" + over, "warning", typed, "now() - INTERVAL 3 MONTH", "SELECT timestamp > now() - INTERVAL 3 MONTH" + over},
	{"time between words", "SELECT timestamp BETWEEN «'a'» AND '2026-01-01'" + over, "warning", typed, "holds times", ""},
	{"time in words", "SELECT timestamp IN («'a'»)" + over, "warning", typed, "holds times", ""},
	{"start of a day and a word", "SELECT toStartOfDay(timestamp) = «'monday'»" + over, "warning", typed, "toStartOfDay(timestamp) holds times", ""},
	{"day and time of day", "SELECT toDate(timestamp) = «'2026-01-01 00:00:00'»" + over, "warning", typed, "'2026-01-01'", ""},
	{"time and number", "SELECT timestamp + INTERVAL 1 DAY > «5»" + over, "warning", typed, "holds times", ""},
	{"times as they are written", "SELECT timestamp > '2026-01-01', timestamp > '2026-01-01T00:00:00Z', timestamp > '2026-06', timestamp > '2026/06/01', timestamp > '20260601', timestamp > '1767225600', toDate(timestamp) = '2026-01-01'" + over, "", "", "", ""},
	{"true and text", "SELECT has([1], 1) = «'true'»" + over, "warning", typed, "true and false", "SELECT has([1], 1) = true" + over},
	{"text as a condition", "SELECT 1 FROM events WHERE «event» AND {filters}", "warning", typed, "AND takes a condition", ""},
	{"text as the condition", "SELECT n FROM (SELECT 'a' AS n) WHERE «n»", "warning", typed, "WHERE takes a condition", ""},
	{"time as a condition", "SELECT NOT «timestamp»" + over, "warning", typed, "NOT takes a condition", ""},
	{"text in if", "SELECT if(«event», 1, 2)" + over, "warning", typed, "if takes a condition", ""},
	{"text in multiIf", "SELECT multiIf(true, 1, «properties.plan», 2, 3)" + over, "warning", typed, "multiIf takes a condition", ""},
	{"text in countIf", "SELECT countIf(«event»)" + over, "warning", typed, "countIf takes a condition", ""},
	{"text in case", "SELECT CASE WHEN «event» THEN 1 END" + over, "warning", typed, "WHEN takes a condition", ""},
	{"what fits", "SELECT sum(properties.amount), avg(properties.is_trial), max(event), min(timestamp), concat(max(event), 1), length([1]), lower(any(properties.plan)), round(count() / 2, 2), countIf(properties.is_trial), dateDiff('day', max(timestamp), now())" + over, "", "", "", ""},
	{"what may fit", "SELECT properties.amount = '5', length(event) > '5', coalesce(properties.amount, 'x') = 'x', if(true, 1, 'a') = 'a', toYear(timestamp) = '2026', properties.promo_ends_at > '2026-01-01', -properties.amount > '1'" + over, "", "", "", ""},
	{"what is not known", "SELECT sum(x), x + 1, x = 'a', lower(x), NOT x, x LIKE '%', toDate(x) FROM (SELECT arrayJoin([1]) AS x)", "", "", "", ""},
	{"deep", "SELECT ((((((((((1 + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) = 'x'", "", "", "", ""},
}

func TestTypes(t *testing.T) {
	t.Parallel()
	surprised(t, sandboxtest.Start(t), types)
}

// The types of PostHog's system tables are written down nowhere.
func TestSystemTablesHaveNoCertainTypes(t *testing.T) {
	t.Parallel()
	src := "SELECT 1 FROM system.source_sync_jobs AS j JOIN system.data_warehouse_sources AS s ON j.pipeline_id = s.id WHERE s.id = 'x' AND j.pipeline_id = 1"
	require.Empty(t, brief(src, check(t, src, hogql.BuiltIn(), hogql.CheckOptions{})))
}

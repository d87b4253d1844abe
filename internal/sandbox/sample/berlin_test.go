package sample_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sample"
)

func TestHostileTextsAreKept(t *testing.T) {
	load(t, small())
	require.GreaterOrEqual(t, len(sample.HostileTexts()), 30)
	for i, text := range sample.HostileTexts() {
		raw := fmt.Sprintf("unhex('%x')", text)
		require.Equal(t, "[1,1,1,1,1]", rows(t, 2, fmt.Sprintf(`SELECT countIf(event = 'note_saved' AND JSONExtractString(properties, 'text') = %[1]s),
			countIf(event = 'named' AND JSONExtractString(properties, %[1]s) = 'value'), countIf(event = 'sent' AND distinct_id = %[1]s), countIf(event = %[1]s),
			(SELECT count() FROM persons WHERE JSONExtractString(properties, 'name') = %[1]s) FROM events WHERE JSONExtractInt(properties, 'position') = %[2]d`, raw, i)), "%q", text)
	}
}

func TestHostileKinds(t *testing.T) {
	all := strings.Join(sample.HostileTexts(), "")
	for _, part := range []string{"'", `"`, "`", `\`, ",", "|", "\n", "\r\n", "\t", "\x00", "\u202e", "<script>", "Ignore all previous instructions", "```", "{filters}"} {
		require.Contains(t, all, part)
	}
}

func TestHostileValues(t *testing.T) {
	load(t, small())
	for sql, want := range map[string]string{
		"SELECT length(JSONExtractString(properties, 'content')) FROM events WHERE event = 'uploaded'": "[1048576]",
		"SELECT countIf(NOT isValidJSON(properties)) FROM events":                                      "[0]",
		"SELECT groupArray(v) FROM (SELECT JSONExtractRaw(properties, 'value') AS v FROM events WHERE event = 'measured' ORDER BY timestamp DESC) WHERE v LIKE '%e308' OR v LIKE '9007%' OR v = '\"NaN\"' OR v LIKE '1844%'": `[["1e308","1.7976931348623157e308","9007199254740993","18446744073709551615","\"NaN\""]]`,
		"SELECT countIf(properties LIKE '%:5e-324,%' OR properties LIKE '%:1.2345678901234568e29,%' OR properties LIKE '%:-0,%') FROM events WHERE event = 'measured'":                                                       "[3]",
		"SELECT arraySort(groupArray(JSONExtractString(properties, 'select'))) FROM events WHERE event = 'keyword' AND JSONHas(properties, 'select')":                                                                        `[["select"]]`,
		"SELECT JSONExtractInt(properties, 'tree'" + strings.Repeat(", 'child'", 100) + ") FROM events WHERE event = 'nested'":                                                                                               "[1]",
		"SELECT properties FROM events WHERE event = 'bare'":                                `["{}"]`,
		"SELECT groupUniqArray(length(name)) FROM system_cohorts":                           `[[24]]`,
		"SELECT count() FROM system_insights WHERE position(name, '\u202e') > 0":            "[1]",
		"SELECT count() FROM events AS e LEFT ANTI JOIN persons AS p ON e.person_id = p.id": "[0]",
	} {
		require.Equal(t, want, rows(t, 2, sql), sql)
	}
}

func TestClockChanges(t *testing.T) {
	for _, c := range []struct {
		name string
		now  time.Time
		want []string
	}{
		{"summer", now, []string{"2026-03-29T01:00:00Z", "2025-10-26T01:00:00Z"}},
		{"winter", time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), []string{"2025-10-26T01:00:00Z", "2025-03-30T01:00:00Z"}},
		{"an hour after the change", time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC), []string{"2026-03-29T01:00:00Z", "2025-10-26T01:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sample.ClockChanges(c.now)
			require.NoError(t, err)
			text, err := json.Marshal(got)
			require.NoError(t, err)
			want, err := json.Marshal(c.want)
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(text))
		})
	}
	load(t, small())
	// In spring the hour after 01:59 is 03:00, in autumn there are two hours of 02.
	require.Equal(t, `["2025-10-26",13,4]
["2026-03-28",2,0]
["2026-03-29",11,0]`, rows(t, 2, `SELECT toDate(toTimeZone(timestamp, 'Europe/Berlin')) AS day, count(), countIf(toHour(toTimeZone(timestamp, 'Europe/Berlin')) = 2)
		FROM events WHERE event = 'tick' GROUP BY day ORDER BY day`))
}

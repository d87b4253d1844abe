package sample_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sample"
)

// person is who an event belongs to after merges, as HogQL's person_id.
const person = "if(o.distinct_id != '', o.person_id, e.person_id)"

const merged = "events AS e LEFT JOIN person_distinct_id_overrides AS o ON e.distinct_id = o.distinct_id"

func TestEventsOfTheProduct(t *testing.T) {
	load(t, small())
	counts := map[string]int{}
	for line := range strings.Lines(rows(t, 1, "SELECT event, count() FROM events GROUP BY event")) {
		var name string
		var n int
		require.NoError(t, json.Unmarshal([]byte(line), &[]any{&name, &n}))
		counts[name] = n
	}
	least := map[string]int{
		"$pageview": 5000, "$pageleave": 1000, "$autocapture": 800, "$identify": 100, "$rageclick": 100, "$exception": 30, "$feature_flag_called": 800,
		"$web_vitals": 300, "$ai_generation": 50, "user_signed_up": 100, "onboarding_completed": 80, "user_logged_in": 500, "search_performed": 400,
		"movie_viewed": 800, "trailer_played": 100, "movie_rent_complete": 30, "movie_buy_complete": 8, "subscription_purchased": 15,
		"subscription_cancelled": 3, "upgrade_completed": 2, "review_submitted": 80, "watchlist_added": 200, "feature_used": 400, "invite_sent": 30,
	}
	require.Len(t, counts, len(least))
	for name, n := range least {
		require.GreaterOrEqual(t, counts[name], n, name)
	}
	require.Greater(t, counts["$pageview"], slices.Max([]int{counts["movie_viewed"], counts["$autocapture"], counts["user_logged_in"]}), "the most frequent event")
	require.Equal(t, counts["$identify"], counts["user_signed_up"])
}

func TestValues(t *testing.T) {
	load(t, small())
	property := func(name string) string { return "JSONExtractString(properties, '" + name + "')" }
	for _, c := range []struct{ name, sql, want string }{
		{"browsers", property("$browser") + " FROM events", `["Chrome","Edge","Firefox","Safari"]`},
		{"device types", property("$device_type") + " FROM events", `["Desktop","Mobile","Tablet"]`},
		{"countries", property("$geoip_country_code") + " FROM events", `["BR","DE","FR","GB","IN","US"]`},
		{"country names", property("$geoip_country_name") + " FROM events WHERE " + property("$geoip_country_code") + " = 'DE'", `["Germany"]`},
		{"plans of persons", property("plan") + " FROM persons WHERE JSONHas(properties, 'plan')", `["basic","family","free","pro"]`},
		{"plans bought", property("plan") + " FROM events WHERE event = 'subscription_purchased'", `["basic","family","pro"]`},
		{"ratings", "JSONExtractInt(properties, 'rating') FROM events WHERE event = 'review_submitted'", `[1,2,3,4,5]`},
		{"amounts", "JSONExtractRaw(properties, 'amount') FROM events WHERE event = 'subscription_purchased'", `["14.99","19.99","9.99"]`},
		{"trials", "JSONExtractRaw(properties, 'is_trial') FROM events WHERE event = 'subscription_purchased'", `["false","true"]`},
		{"promotions of trials alone", "(JSONExtractBool(properties, 'is_trial'), JSONHas(properties, 'promo_ends_at')) FROM events WHERE event = 'subscription_purchased'", `[[0,0],[1,1]]`},
		{"flags", property("$feature_flag") + " FROM events WHERE event = '$feature_flag_called'", `["new-player","pricing-v2"]`},
		{"answers of the experiment", property("$feature_flag_response") + " FROM events WHERE " + property("$feature_flag") + " = 'pricing-v2'", `["control","test"]`},
		{"features", property("feature_name") + " FROM events WHERE event = 'feature_used'", `["downloads","kids_mode","picture_in_picture","subtitles","watch_party"]`},
		{"genres", property("genre") + " FROM events WHERE event = 'movie_viewed'", `["comedy","documentary","drama","kids","sci-fi","thriller"]`},
		{"models", property("$ai_model") + " FROM events WHERE event = '$ai_generation'", `["claude-sonnet-4","gemini-2.5-flash","gpt-4.1-mini"]`},
		{"channels", "assumeNotNull(`$channel_type`) FROM sessions", `["Direct","Email","Organic Search","Organic Social","Paid Search","Referral"]`},
		{"mail domains", "substring(email, position(email, '@')) FROM (SELECT JSONExtractString(properties, 'email') AS email FROM persons) WHERE email != ''",
			`["@example.com","@example.net","@hogflix.example","@mail.example"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			expression, from, _ := strings.Cut(c.sql, " FROM ")
			require.Equal(t, "["+c.want+"]", rows(t, 1, "SELECT arraySort(groupUniqArray("+expression+")) FROM "+from))
		})
	}
	require.Zero(t, one(t, 1, "SELECT countIf(NOT isValidJSON(properties) OR NOT isValidJSON(person_properties)) FROM events"))
}

func TestExceptionsHaveStacks(t *testing.T) {
	load(t, small())
	for _, sql := range []string{
		"SELECT countIf(JSONExtractString(properties, '$exception_list', 1, 'stacktrace', 'frames', -1, 'filename') = '') FROM events WHERE event = '$exception'",
		"SELECT countIf(JSONExtractString(properties, '$exception_list', 1, 'type') != JSONExtractString(properties, '$exception_types', 1)) FROM events WHERE event = '$exception'",
		"SELECT count() FROM events AS e LEFT ANTI JOIN system_error_tracking_issue_fingerprints AS f ON JSONExtractString(e.properties, '$exception_fingerprint') = f.fingerprint WHERE event = '$exception'",
		"SELECT count() FROM system_error_tracking_issue_fingerprints AS f LEFT ANTI JOIN system_error_tracking_issues AS i ON f.issue_id = i.id",
	} {
		require.Zero(t, one(t, 1, sql), sql)
	}
}

func TestCohortsHoldWhatTheySay(t *testing.T) {
	w := load(t, small())
	power := "SELECT arraySort(groupArray(person_id)) FROM cohort_people WHERE cohort_id = 1"
	require.Equal(t, rows(t, 1, `SELECT arraySort(groupArray(person_id)) FROM (SELECT person_id FROM events
		WHERE event = 'movie_viewed' AND timestamp >= toDateTime64('2026-05-16 12:00:00', 6, 'UTC') GROUP BY person_id HAVING count() >= 8)`), rows(t, 1, power))
	churned := "SELECT arraySort(groupArray(person_id)) FROM cohort_people WHERE cohort_id = 2"
	require.Equal(t, rows(t, 1, "SELECT arraySort(groupUniqArray(person_id)) FROM events WHERE event = 'subscription_cancelled'"), rows(t, 1, churned))
	var counts []int
	for _, c := range w.Projects[0].Cohorts {
		require.Positive(t, c.Count, c.Name)
		counts = append(counts, c.Count)
	}
	var stored []int
	values(t, 1, "SELECT groupArray(count) FROM (SELECT count FROM system_cohorts ORDER BY id)", &stored)
	require.Equal(t, counts, stored)
	require.InDelta(t, counts[0]+counts[1], one(t, 1, "SELECT count() FROM cohort_people"), 0)
}

func TestSessionsAgreeWithEvents(t *testing.T) {
	load(t, small())
	for project := int64(1); project <= 2; project++ {
		require.Equal(t, "[0,0]", rows(t, project, `SELECT countIf(e.id = '' OR s.session_id = ''), countIf(s.id != s.session_id) FROM (SELECT session_id, session_id AS id FROM sessions) AS s
			FULL JOIN (SELECT DISTINCT `+"`$session_id`"+` AS id FROM events WHERE id != '') AS e ON s.session_id = e.id`))
		require.Zero(t, one(t, project, `SELECT count() FROM sessions AS s JOIN (
			SELECT `+"`$session_id`"+` AS id, min(timestamp) AS first, max(timestamp) AS last, countIf(event = '$pageview') AS pages, countIf(event = '$autocapture') AS clicks,
				uniqExactIf(JSONExtractString(properties, '$current_url'), event = '$pageview') AS urls,
				argMin(JSONExtractString(properties, '$pathname'), (timestamp, uuid)) AS entry
			FROM events GROUP BY id) AS e ON s.session_id = e.id
			WHERE first != `+"`$start_timestamp` OR last != `$end_timestamp` OR pages != `$pageview_count` OR clicks != `$autocapture_count` OR urls != `$num_uniq_urls`"+`
				OR length(`+"`$urls`) != urls OR assumeNotNull(`$entry_pathname`) != entry OR `$session_duration` != dateDiff('second', first, last)"+`
				OR `+"`$is_bounce` != (pages = 1 AND clicks = 0 AND dateDiff('second', first, last) < 10) OR `$screen_count` != 0"))
		require.Zero(t, one(t, project, "SELECT countIf(toInt64(reinterpretAsUInt64(reverse(unhex(substring(replaceAll(session_id, '-', ''), 1, 12))))) != toUnixTimestamp64Milli(`$start_timestamp`)) FROM sessions"),
			"an id holds the start")
		require.Zero(t, one(t, project, "SELECT countIf(substring(session_id, 15, 1) != '7') FROM sessions"), "version 7")
		require.Zero(t, one(t, project, "SELECT count() FROM sessions AS s LEFT ANTI JOIN persons AS p ON s.person_id = p.id"))
	}
	bounces := one(t, 1, "SELECT countIf(`$is_bounce`) / count() FROM sessions")
	require.InDelta(t, 0.08, bounces, 0.05)
}

// among returns how many of the persons with one event have the other one, too.
func among(t *testing.T, from, to string) float64 {
	t.Helper()
	return one(t, 1, fmt.Sprintf("SELECT countIf(b) / countIf(a) FROM (SELECT countIf(%s) > 0 AS a, countIf(%s) > 0 AND a AS b FROM %s GROUP BY %s)", from, to, merged, person))
}

func event(name string) string { return "event = '" + name + "'" }

func TestFunnel(t *testing.T) {
	load(t, large())
	for _, c := range []struct {
		from, to string
		want     float64
	}{
		{event("user_signed_up"), event("onboarding_completed"), sample.OnboardedShare},
		{event("onboarding_completed"), event("movie_viewed"), sample.ViewerShare},
	} {
		require.InDelta(t, c.want, among(t, c.from, c.to), 0.03, "%s to %s", c.from, c.to)
	}
	// Ordered, in 14 days: each level has fewer people than the one before.
	var levels []float64
	values(t, 1, fmt.Sprintf(`SELECT arrayMap(l -> countEqual(groupArray(level), l) + arraySum(arrayMap(m -> countEqual(groupArray(level), m), range(l + 1, 6))), range(1, 6)) FROM (
		SELECT windowFunnel(1209600)(toDateTime(timestamp), event = '$pageview', event = 'user_signed_up', event = 'onboarding_completed', event = 'movie_viewed',
			event = 'subscription_purchased') AS level FROM %s GROUP BY %s)`, merged, person), &levels)
	for i, n := range levels[1:] {
		require.Less(t, n, 0.9*levels[i], "step %d", i+2)
		require.Greater(t, n, 0.1*levels[i], "step %d", i+2)
	}
	require.Greater(t, levels[4], 100.)
}

func TestTwoThingsDriveSubscriptions(t *testing.T) {
	load(t, large())
	// Among people who saw a movie in their first visit and had the time to subscribe.
	chance := func(what string) (with, without float64) {
		values(t, 1, fmt.Sprintf(`SELECT countIf(did AND bought) / countIf(did), countIf(NOT did AND bought) / countIf(NOT did) FROM (
			SELECT countIf(%s) > 0 AS did, countIf(event = 'subscription_purchased') > 0 AS bought FROM %s GROUP BY %s
			HAVING countIf(event = 'onboarding_completed') > 0 AND countIf(event = 'movie_viewed') > 0
				AND minIf(timestamp, event = 'user_signed_up') < toDateTime64('2026-06-02 00:00:00', 6, 'UTC'))`, what, merged, person), &with, &without)
		return with, without
	}
	with, without := chance(event("trailer_played"))
	require.InDelta(t, sample.TrailerLift, with-without, 0.07, "trailers")
	with, without = chance("event = 'feature_used' AND properties LIKE '%\"watch_party\"%'")
	require.InDelta(t, sample.WatchPartyLift, with-without, 0.08, "watch parties")
	for _, feature := range []string{"downloads", "subtitles", "picture_in_picture", "kids_mode"} {
		with, without = chance("event = 'feature_used' AND properties LIKE '%\"" + feature + "\"%'")
		require.InDelta(t, 0, with-without, 0.07, feature)
	}
	var control, test float64
	values(t, 1, fmt.Sprintf(`SELECT countIf(variant = 'control' AND bought) / countIf(variant = 'control'), countIf(variant = 'test' AND bought) / countIf(variant = 'test') FROM (
		SELECT anyIf(JSONExtractString(properties, '$feature_flag_response'), properties LIKE '%%"$feature_flag":"pricing-v2"%%') AS variant,
			countIf(event = 'subscription_purchased') > 0 AS bought FROM %s GROUP BY %s HAVING countIf(event = 'user_signed_up') > 0)`, merged, person), &control, &test)
	require.InDelta(t, control, test, 0.06, "the experiment changes nothing")
}

func TestReleaseRaisesSignups(t *testing.T) {
	load(t, large())
	var before, after float64
	values(t, 1, fmt.Sprintf(`SELECT countIf(new < release AND signed) / countIf(new < release), countIf(new >= release AND signed) / countIf(new >= release) FROM (
		SELECT toDateTime64('2026-05-16 00:00:00', 6, 'UTC') AS release, min(timestamp) AS new, countIf(event = 'user_signed_up') > 0 AS signed
		FROM %s GROUP BY %s HAVING countIf(event = 'user_logged_in') = 0 OR signed)`, merged, person), &before, &after)
	require.InDelta(t, sample.SignupBeforeRelease, before, 0.03)
	require.InDelta(t, sample.SignupAfterRelease, after, 0.03)
}

func TestBadDay(t *testing.T) {
	load(t, large())
	var bad, usual, main float64
	values(t, 1, `SELECT countIf(toDate(timestamp) = '2026-06-14'), countIf(toDate(timestamp) < '2026-06-14') / 89,
		countIf(toDate(timestamp) = '2026-06-14' AND properties LIKE '%PlaybackError%') FROM events WHERE event = '$exception'`, &bad, &usual, &main)
	require.Greater(t, bad, 8*usual)
	require.Greater(t, main, 0.8*bad)
}

func TestRhythmAndGrowth(t *testing.T) {
	load(t, large())
	var weekend, weekday, evening, night, early, late float64
	values(t, 1, `SELECT countIf(toDayOfWeek(timestamp) >= 6) / 2, countIf(toDayOfWeek(timestamp) < 5) / 4, countIf(toHour(timestamp) BETWEEN 18 AND 21),
		countIf(toHour(timestamp) BETWEEN 2 AND 5) FROM events`, &weekend, &weekday, &evening, &night)
	require.Greater(t, weekend, 1.2*weekday)
	require.Greater(t, evening, 5*night)
	values(t, 1, "SELECT countIf(created_at BETWEEN '2026-03-23' AND '2026-04-20'), countIf(created_at BETWEEN '2026-05-11' AND '2026-06-08') FROM persons", &early, &late)
	require.Greater(t, late, 1.3*early, "more new people each week")
}

func TestRetentionDecays(t *testing.T) {
	load(t, large())
	var share []float64
	values(t, 1, fmt.Sprintf(`SELECT [countIf(has(weeks, 1)) / count(), countIf(has(weeks, 4)) / count(), countIf(has(weeks, 8)) / count()] FROM (
		SELECT arrayDistinct(groupArray(dateDiff('week', s.week, toStartOfWeek(timestamp, 1)))) AS weeks FROM %s
		INNER JOIN (SELECT person_id, min(toStartOfWeek(timestamp, 1)) AS week FROM events WHERE event = 'user_signed_up' GROUP BY person_id) AS s ON s.person_id = %s
		WHERE s.week BETWEEN '2026-03-23' AND '2026-04-13' GROUP BY s.person_id)`, merged, person), &share)
	require.Greater(t, share[0], 1.3*share[1])
	require.Greater(t, share[1], share[2])
	require.Greater(t, share[2], 0.1)
}

func TestPeople(t *testing.T) {
	load(t, large())
	for _, sql := range []string{
		"SELECT count() FROM (SELECT DISTINCT distinct_id FROM events) AS e LEFT ANTI JOIN person_distinct_ids AS d ON e.distinct_id = d.distinct_id",
		"SELECT count() - uniqExact(distinct_id) FROM person_distinct_ids",
		"SELECT count() FROM person_distinct_ids AS d LEFT ANTI JOIN persons AS p ON d.person_id = p.id",
		"SELECT count() FROM persons AS p LEFT ANTI JOIN person_distinct_ids AS d ON d.person_id = p.id",
		fmt.Sprintf("SELECT count() FROM (SELECT %s AS id, e.distinct_id AS d FROM %s) AS e LEFT JOIN person_distinct_ids AS d ON e.d = d.distinct_id WHERE d.person_id != e.id", person, merged),
		// every override moves an id from a person that is gone
		"SELECT countIf(e.person_id = o.person_id) FROM events AS e JOIN person_distinct_id_overrides AS o ON e.distinct_id = o.distinct_id",
		"SELECT count() FROM events AS e JOIN person_distinct_id_overrides AS o ON e.distinct_id = o.distinct_id JOIN persons AS p ON p.id = e.person_id",
		"SELECT count() FROM groups AS g LEFT ANTI JOIN events AS e ON g.key = e.`$group_0`",
		"SELECT count() FROM (SELECT DISTINCT `$group_0` AS key FROM events WHERE key != '') AS e LEFT ANTI JOIN groups AS g ON g.key = e.key",
		"SELECT countIf(JSONExtractString(properties, 'plan') = 'free') FROM persons WHERE id IN (SELECT person_id FROM events WHERE event = 'subscription_purchased') AND id NOT IN (SELECT person_id FROM events WHERE event = 'subscription_cancelled')",
	} {
		require.Zero(t, one(t, 1, sql), sql)
	}
	require.Greater(t, one(t, 1, "SELECT count() FROM person_distinct_id_overrides"), 50.)
	require.InDelta(t, sample.InternalShare, one(t, 1, "SELECT countIf(properties LIKE '%@hogflix.example%') / countIf(properties LIKE '%\"email\"%') FROM persons"), 0.01)
	require.InDelta(t, sample.CompanyShare, one(t, 1, "SELECT countIf(properties LIKE '%\"company\"%') / countIf(properties LIKE '%\"email\"%') FROM persons"), 0.04)
	for plan, share := range map[string]float64{"basic": sample.BasicShare, "pro": sample.ProShare, "family": 1 - sample.BasicShare - sample.ProShare} {
		require.InDelta(t, share, one(t, 1, "SELECT countIf(JSONExtractString(properties, 'plan') = '"+plan+"') / count() FROM events WHERE event = 'subscription_purchased'"), 0.07, plan)
	}
}

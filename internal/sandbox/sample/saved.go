package sample

import (
	"context"
	"fmt"
	"time"
)

// Texts of the saved insights that are written in HogQL.
const (
	WeeklyRevenue = `SELECT toStartOfWeek(timestamp) AS week, round(sum(properties.amount), 2) AS revenue
FROM events
WHERE event IN ('movie_rent_complete', 'movie_buy_complete', 'subscription_purchased') AND timestamp >= now() - INTERVAL 90 DAY
GROUP BY week
ORDER BY week`
	RetentionByPlan = `SELECT signup.plan AS plan, dateDiff('week', signup.week, toStartOfWeek(e.timestamp)) AS weeks_later, count(DISTINCT e.person_id) AS people
FROM events AS e
INNER JOIN (
    SELECT person_id, min(toStartOfWeek(timestamp)) AS week, max(person.properties.plan) AS plan
    FROM events
    WHERE event = 'user_signed_up' AND timestamp >= now() - INTERVAL 90 DAY
    GROUP BY person_id
) AS signup ON e.person_id = signup.person_id
WHERE e.event IN ('user_logged_in', 'movie_viewed') AND e.timestamp >= now() - INTERVAL 90 DAY
GROUP BY plan, weeks_later
HAVING weeks_later >= 0 AND weeks_later <= 8
ORDER BY plan, weeks_later`
	TopMovies = `SELECT properties.movie_title AS movie, count() AS views, count(DISTINCT person_id) AS people
FROM events
WHERE event = 'movie_viewed' AND timestamp >= now() - INTERVAL 30 DAY
GROUP BY movie
ORDER BY views DESC
LIMIT 20`
	RatingsByGenre = `SELECT properties.genre AS genre, round(avg(properties.rating), 2) AS rating, count() AS reviews
FROM events
WHERE event = 'review_submitted' AND timestamp >= now() - INTERVAL 90 DAY
GROUP BY genre
ORDER BY rating DESC`
)

// tableRows are rows of one table.
type tableRows struct {
	name string
	rows []row
}

// insightTags are the tags of the insights. PostHog's SQL does not show them, its API does.
func insightTags() map[int64][]string {
	return map[int64][]string{1: {"revenue"}, 2: {"growth"}, 3: {"growth"}, 4: {"growth"}, 5: {"content"}, 6: {"content"}}
}

func (l loader) playlists() []row {
	return []row{{"id": 1, "short_id": "rAgE0001", "name": "Rage clicks", "derived_name": "", "description": "Sessions in which people clicked again and again",
		"pinned": 1, "deleted": 0, "type": "filters", "created_at": at(l.ago(20)), "created_by_id": 1, "last_modified_at": at(l.ago(12)), "last_modified_by_id": 1,
		"filters": object(dict{"date_from": "-7d", "filter_group": dict{"type": "AND", "values": many{dict{"type": "AND", "values": many{
			dict{"id": "$rageclick", "name": "$rageclick", "type": "events"}}}}}})}}
}

func (l loader) logsViews() []row {
	return []row{{"id": uuidOf("a4", 1), "short_id": "lOgS0001", "name": "Errors of the API", "pinned": 1, "created_at": at(l.ago(6)), "updated_at": at(l.ago(6)),
		"filters": object(dict{"severityLevels": []string{"error"}, "serviceNames": []string{"api"}})}}
}

// saved writes what people saved in the project "Demo", and the lists around it.
func (l loader) saved(ctx context.Context, p Project) error {
	tables := []tableRows{
		{"system.teams", []row{l.team(p)}},
		{"system.group_type_mappings", []row{{"id": 1, "group_type": "company", "name_singular": "company", "name_plural": "companies"}}},
		{"system.insights", l.insights()},
		{"system.dashboards", l.dashboards()},
		{"system.dashboard_tiles", tiles()},
		{"system.feature_flags", l.flags()},
		{"system.experiments", l.experiments()},
		{"system.cohorts", l.cohortRows(p.Cohorts)},
		{"system.cohort_calculation_history", l.cohortRuns(p.Cohorts)},
		{"system.actions", l.actionRows(p.Actions)},
		{"system.annotations", l.annotations()},
		{"system.surveys", l.surveys()},
		{"system.error_tracking_releases", l.releases()},
		{"system.tags", []row{{"id": "0190a000-0000-7000-8000-0000000000a1", "name": "growth"}, {"id": "0190a000-0000-7000-8000-0000000000a2", "name": "content"},
			{"id": "0190a000-0000-7000-8000-0000000000a3", "name": "revenue"}}},
		{"system.session_recording_playlists", l.playlists()},
		{"system.logs_views", l.logsViews()},
	}
	for _, t := range append(tables, l.warehouseRows(p.Tables)...) {
		if err := l.insert(ctx, DemoID, t.name, t.rows...); err != nil {
			return err
		}
	}
	return l.issueRows(ctx)
}

func (l loader) team(p Project) row {
	return row{"id": p.ID, "name": p.Name, "timezone": p.TimeZone, "test_account_filters": object(p.TestAccountFilters),
		"created_at": at(p.CreatedAt), "updated_at": at(l.moments.start)}
}

// ago is the midnight so many days before the end of the data, with an hour of work added.
func (l loader) ago(days int) time.Time {
	return l.options.Now.Truncate(24*time.Hour).AddDate(0, 0, -days).Add(9*time.Hour + 30*time.Minute)
}

// table is an insight that is HogQL text.
func table(query, display string) string {
	return object(dict{"kind": "DataVisualizationNode", "source": dict{"kind": "HogQLQuery", "query": query}, "display": display,
		"chartSettings": dict{}})
}

// chart is an insight that PostHog's own query kinds describe.
func chart(source dict) string {
	return object(dict{"kind": "InsightVizNode", "source": source, "full": true})
}

func events(names ...string) many {
	var out many
	for _, n := range names {
		out = append(out, dict{"kind": "EventsNode", "event": n, "name": n, "math": "total"})
	}
	return out
}

func (l loader) insights() []row {
	insight := func(id int, short, name, description, query string, days int) row {
		return row{"id": id, "short_id": short, "name": name, "description": description, "query": query, "deleted": 0, "saved": 1, "favorited": 0,
			"created_at": at(l.ago(days)), "created_by_id": 1, "last_modified_at": at(l.ago(days / 2)), "last_modified_by_id": 1, "updated_at": at(l.ago(days / 2))}
	}
	active := events("movie_viewed")
	active[0].(dict)["math"] = "dau"
	out := []row{
		insight(1, "wKr3vN8a", "Weekly revenue", "Rentals, purchases and new subscriptions, by week", table(WeeklyRevenue, "ActionsLineGraph"), 60),
		insight(2, "rT5pLn2b", "Retention by plan", "Who comes back after signing up, by plan", table(RetentionByPlan, "ActionsTable"), 55),
		insight(3, "sF7uNe4c", "Signup funnel", "From the first page to the first movie", chart(dict{
			"kind": "FunnelsQuery", "series": events("$pageview", "user_signed_up", "onboarding_completed", "movie_viewed"),
			"dateRange":          dict{"date_from": "-30d"},
			"funnelsFilter":      dict{"funnelOrderType": "ordered", "funnelWindowInterval": 14, "funnelWindowIntervalUnit": "day", "funnelVizType": "steps"},
			"filterTestAccounts": true}), 44),
		insight(4, "dA9uXy6d", "Daily active users", "People who watched something", chart(dict{
			"kind": "TrendsQuery", "series": active, "interval": "day", "dateRange": dict{"date_from": "-30d"}, "trendsFilter": dict{"display": "ActionsLineGraph"}}), 70),
		insight(5, "tM2oVi8e", "Top movies", "What is watched most", table(TopMovies, "ActionsTable"), 40),
		insight(6, "gE4nRe1f", "Ratings by genre", "", table(RatingsByGenre, "ActionsBar"), 38),
		insight(7, "wA6pAr3g", "Watch party adoption", "People who used watch parties, by week", chart(dict{
			"kind": "TrendsQuery", "series": many{dict{"kind": "ActionsNode", "id": 3, "name": "Used watch party", "math": "dau"}},
			"interval": "week", "dateRange": dict{"date_from": "-90d"}}), 21),
		insight(8, "oLdRe5hh", "Signups (old)", "Replaced by Signup funnel", chart(dict{
			"kind": "TrendsQuery", "series": events("user_signed_up"), "interval": "day"}), 80),
		insight(9, "uNsAv7ii", "", "", chart(dict{"kind": "TrendsQuery", "series": events("$pageview"), "interval": "day"}), 3),
	}
	out[0]["favorited"] = 1
	out[7]["deleted"] = 1
	out[8]["saved"] = 0
	return out
}

func (l loader) dashboards() []row {
	return []row{
		{"id": 1, "name": "Growth", "description": "Signups, activity and money", "created_at": at(l.ago(50)), "deleted": 0},
		{"id": 2, "name": "Content", "description": "What is watched and liked", "created_at": at(l.ago(35)), "deleted": 0},
	}
}

func tiles() []row {
	var out []row
	for i, t := range [][2]int{{1, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 5}, {2, 6}, {2, 7}} {
		out = append(out, row{"id": i + 1, "dashboard_id": t[0], "insight_id": t[1], "deleted": false,
			"layouts": object(dict{"sm": dict{"x": i % 2 * 6, "y": i / 2 * 5, "w": 6, "h": 5}})})
	}
	return out
}

// variants of the experiment's flag.
func variants() many {
	return many{
		dict{"key": "control", "name": "Today's prices page", "rollout_percentage": 50},
		dict{"key": "test", "name": "Prices by month and by year", "rollout_percentage": 50},
	}
}

func (l loader) flags() []row {
	release := func(percentage int, properties ...any) dict {
		return dict{"properties": append(many{}, properties...), "rollout_percentage": percentage, "variant": nil}
	}
	flag := func(id int, key, name string, days int, filters dict) row {
		filters["aggregation_group_type_index"] = nil
		return row{"id": id, "key": key, "name": name, "filters": object(filters), "created_at": at(l.ago(days)), "deleted": 0}
	}
	out := []row{
		flag(1, "new-player", "The new player", 85, dict{"groups": many{release(100)}, "multivariate": nil, "payloads": dict{}}),
		flag(2, "pricing-v2", "Prices by month and by year", ExperimentDays+1, dict{"groups": many{release(100)},
			"multivariate": dict{"variants": variants()}, "payloads": dict{"test": `{"yearly_discount":15}`}}),
		flag(3, "mcp-analytics", "Questions in plain English", 10, dict{"multivariate": nil, "payloads": dict{"true": `{"limit":1000}`}, "groups": many{
			release(100, dict{"key": "email", "value": "@" + internalDomain, "operator": "icontains", "type": "person"}),
			release(25, dict{"key": "country", "value": []string{"US", "DE"}, "operator": "exact", "type": "person"},
				dict{"key": "plan", "value": []string{"pro", "family"}, "operator": "exact", "type": "person"})}}),
		flag(4, "old-banner", "Banner of last year", 89, dict{"groups": many{release(0)}, "multivariate": nil, "payloads": dict{}}),
	}
	out[3]["deleted"] = 1
	return out
}

func (l loader) experiments() []row {
	return []row{{
		"id": 1, "name": "Pricing page v2", "description": "Showing prices by year as well makes more people subscribe",
		"created_at": at(l.ago(ExperimentDays + 1)), "updated_at": at(l.ago(ExperimentDays)), "start_date": at(l.moments.experiment), "end_date": nil,
		"archived": 0, "feature_flag_id": 2, "filters": object(dict{"events": many{dict{"id": "subscription_purchased", "type": "events", "order": 0}}}),
		"parameters": object(dict{"feature_flag_variants": variants(), "minimum_detectable_effect": 20, "recommended_sample_size": 4000}),
	}}
}

// behaviour is a cohort's rule in PostHog's form.
func behaviour(rule dict) string {
	rule["type"], rule["event_type"] = "behavioral", "events"
	return object(dict{"properties": dict{"type": "OR", "values": many{dict{"type": "AND", "values": many{rule}}}}})
}

func (l loader) cohortRows(cohorts []Cohort) []row {
	rules := map[int64]string{
		powerUsersID: behaviour(dict{"key": "movie_viewed", "value": "performed_event_multiple", "operator": "gte", "operator_value": PowerUserViews,
			"time_value": 30, "time_interval": "day"}),
		churnedID: behaviour(dict{"key": "subscription_cancelled", "value": "performed_event", "time_value": Days, "time_interval": "day"}),
	}
	var out []row
	for _, c := range cohorts {
		out = append(out, row{"id": c.ID, "name": c.Name, "description": c.Description, "deleted": 0, "filters": rules[c.ID], "groups": "[]",
			"created_at": at(l.ago(45)), "last_calculation": at(l.options.Now), "version": 1, "count": c.Count, "is_static": 0})
	}
	return out
}

func (l loader) cohortRuns(cohorts []Cohort) []row {
	var out []row
	for _, c := range cohorts {
		out = append(out, row{"id": fmt.Sprintf("0190a000-0000-7000-8000-0000000000c%d", c.ID), "cohort_id": c.ID, "count": c.Count,
			"started_at": at(l.options.Now.Add(-2 * time.Second)), "finished_at": at(l.options.Now), "error_code": ""})
	}
	return out
}

func (l loader) actionRows(actions []Action) []row {
	var out []row
	for _, a := range actions {
		out = append(out, row{"id": a.ID, "name": a.Name, "description": a.Description, "deleted": 0, "created_at": at(l.ago(65)),
			"updated_at": at(l.ago(65)), "steps_json": object(a.Steps)})
	}
	return out
}

func (l loader) annotations() []row {
	note := func(id int, text string, marks time.Time) row {
		return row{"id": id, "content": text, "scope": "project", "creation_type": "USR", "date_marker": at(marks), "deleted": 0,
			"created_by_id": 1, "created_at": at(marks), "updated_at": at(marks)}
	}
	return []row{
		note(1, "Version 2.4.0: a shorter signup", l.moments.release),
		note(2, "Experiment pricing-v2 begins", l.moments.experiment),
		note(3, "Playback errors after the change of the decoder", l.moments.badDay),
	}
}

func (l loader) surveys() []row {
	return []row{{"id": 1, "name": "Watch party", "type": "popover", "start_date": at(l.ago(14)), "end_date": nil, "created_at": at(l.ago(15)),
		"questions": object(many{
			dict{"type": "rating", "question": "How do you like watch parties?", "scale": 5, "display": "number"},
			dict{"type": "open", "question": "What is missing?", "optional": true}}),
		"appearance": object(dict{"position": "right"})}}
}

func (l loader) releases() []row {
	return []row{
		{"id": "0190a000-0000-7000-8000-0000000000b1", "hash_id": "5f1c2ab", "version": "2.3.1", "project": "hogflix-web", "created_at": at(l.moments.start)},
		{"id": "0190a000-0000-7000-8000-0000000000b2", "hash_id": "9d04e77", "version": "2.4.0", "project": "hogflix-web", "created_at": at(l.moments.release)},
	}
}

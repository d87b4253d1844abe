package driver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		search, name, text string
		want               int
	}{
		{"$pageview", "$pageview", "", matchExact},
		{"Page View", "$pageview", "", matchExact},
		{"user_signed_up", "User Signed Up", "", matchExact},
		{"page", "$pageview", "", matchStart},
		{"sign", "signup_date", "", matchStart},
		{"signup", "Signup funnel", "", matchStart},
		{"signup", "user_signed_up", "", matchWord},
		{"purchases", "subscription_purchased", "", matchWord},
		{"view", "movie_viewed", "", matchWord},
		{"funnel signup", "Signup funnel", "", matchWord},
		{"plan", "retentionByPlan", "", matchWord},
		{"scription", "subscription_purchased", "", matchPart},
		{"revenue", "Weekly numbers", "Revenue by week", matchText},
		{"weekly revenue", "Weekly numbers", "Revenue by week", matchText},
		{"subscribe", "subscription_purchased", "", matchForm},
		{"brwoser", "$browser", "", matchFuzzy},
		{"signup", "$pageview", "", noMatch},
		{"signup pageview", "$pageview", "", noMatch},
		{"cat", "car", "", noMatch},
		{"ab", "xabx", "cab", noMatch},
		{"", "x", "", noMatch},
		{"$$", "x", "", noMatch},
		{"größe", "Größe", "", matchExact},
	} {
		require.Equal(t, tt.want, newNeedle(tt.search).score(tt.name, tt.text), "%q in %q", tt.search, tt.name)
	}
}

func TestRankOrder(t *testing.T) {
	t.Parallel()
	n := func(i int64) *int64 { return &i }
	items := []Item{
		{Kind: KindProperty, Name: "plan", Parent: "person"},
		{Kind: KindProperty, Name: "plan", Parent: "event"},
		{Kind: KindEvent, Name: "plan_changed", Count: n(3)},
		{Kind: KindEvent, Name: "planned", Count: n(30)},
		{Kind: KindInsight, Name: "Retention by plan"},
		{Kind: KindColumn, Name: "other", Line: "the plan"},
		{Kind: KindColumn, Name: "plan", Parent: "system.x"},
		{Kind: KindColumn, Name: "plan", Parent: "stripe_charge"},
		{Kind: KindEvent, Name: "nothing", Count: n(1000)},
	}
	var got []string
	ranked, partly := rank(items, "plan")
	require.False(t, partly)
	for _, it := range ranked {
		got = append(got, string(it.Kind)+" "+it.Name+" "+it.Parent)
	}
	require.Equal(t, []string{"event planned ", "event plan_changed ", "property plan event", "property plan person", "column plan stripe_charge", "insight Retention by plan ", "column plan system.x", "column other "}, got)
	all, _ := rank(items, "")
	require.Equal(t, "nothing", all[0].Name)
	require.Len(t, all, len(items))
}

// Where nothing has all words, what has most of them comes first; a typo is told only where nothing better is there.
func TestRankPartly(t *testing.T) {
	t.Parallel()
	items := []Item{
		{Kind: KindEvent, Name: "$rageclick"},
		{Kind: KindTable, Name: "session_replay_events", Line: "one row per recorded session"},
		{Kind: KindColumn, Name: "rage", Parent: "x"},
		{Kind: KindEvent, Name: "user_signed_up"},
		{Kind: KindEvent, Name: "pinned"},
		{Kind: KindInsight, Name: "Retention", Line: "Who comes back after signing up"},
		{Kind: KindTable, Name: "stripe_charge", Type: "data_warehouse"},
		{Kind: KindEvent, Name: "$ai_generation"},
		{Kind: KindEvent, Name: "$exception"},
	}
	for search, want := range map[string][]string{
		"rage recordings":         {"$rageclick", "session_replay_events"},
		"session rage recordings": {"session_replay_events", "$rageclick"},
		"signed":                  {"user_signed_up", "Retention"},
		"pined":                   {"pinned"},
		"signup":                  {"user_signed_up", "Retention"},
		"data warehouse":          {"stripe_charge"},
		"llm":                     {"$ai_generation"},
		"errors":                  {"$exception"},
		"registrations":           {"user_signed_up", "Retention"},
		"registered":              {"user_signed_up", "Retention"},
		"zebra quagga":            {},
	} {
		got := []string{}
		ranked, partly := rank(items, search)
		for _, it := range ranked {
			got = append(got, it.Name)
		}
		require.Equal(t, want, got, search)
		require.Equal(t, strings.Contains(search, "rage"), partly, search)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"events", "persons", "sessions", "event:user_signed_up", "event:$pageview", "groups", "person_distinct_ids"}
	for name, want := range map[string][]string{
		"evnts":   {"events"},
		"signup":  {"event:user_signed_up"},
		"user":    {"event:user_signed_up"},
		"person":  {"persons", "person_distinct_ids"},
		"Events":  {"events", "event:$pageview", "event:user_signed_up"},
		"zzzzzzz": nil,
	} {
		require.Equal(t, want, nearest(name, known), name)
	}
	require.Len(t, nearest("a", []string{"a1", "a2", "a3", "a4", "a5", "a6", "a1"}), 5)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"plan": "properties.plan", "$browser": "properties.$browser", "select": "properties.select", "let": "properties.`let`", "NULL": "properties.`NULL`",
		"a b": "properties.`a b`", "a.b": "properties.`a.b`", "1a": "properties.`1a`", "a`b": "properties.`a``b`", "größe": "properties.`größe`",
		"50%": "JSONExtractString(properties, '50%')", `a\b`: `JSONExtractString(properties, 'a\\b')`, "it's\n%": `JSONExtractString(properties, 'it\'s\n%')`, "": "JSONExtractString(properties, '')",
	} {
		require.Equal(t, want, property("properties", name), name)
	}
	require.Equal(t, "system.information_schema.tables", tableName("system.information_schema.tables"))
	require.Equal(t, "stripe.`my table`", tableName("stripe.my table"))
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\n\tb  c":                    "a b c",
		"<b>bold</b> x < y > z":        "bold x < y > z",
		"\x00\x1b[31mred\u202e":        "[31mred",
		"key phx_abcdefghij and phc_1": "key phx_… and phc_1",
		"\xff\xfe":                     "�",
		"Did you mean: `<script>`?":    "Did you mean: ` `?",
	} {
		require.Equal(t, want, clean(in))
	}
	require.Equal(t, "abc…", shorten("abcdef", 3))
	require.Equal(t, "äöü", shorten("äöü", 3))
}

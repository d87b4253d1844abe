package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

type definition struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Type     *string `json:"property_type"`
	Numeric  bool    `json:"is_numerical"`
	Seen     *bool   `json:"is_seen_on_filtered_events"`
	LastSeen *string `json:"last_seen_at"`
}

type definitionPage struct {
	Count    int          `json:"count"`
	Next     *string      `json:"next"`
	Previous *string      `json:"previous"`
	Results  []definition `json:"results"`
}

func (p definitionPage) names() []string {
	names := make([]string, len(p.Results))
	for i, d := range p.Results {
		names[i] = d.Name
	}
	return names
}

func list(t *testing.T, s *sandboxtest.Sandbox, path string) definitionPage {
	t.Helper()
	return read[definitionPage](t, get(t, s, path), http.StatusOK)
}

// column returns the texts of a query's only column.
func column(t *testing.T, s *sandboxtest.Sandbox, sql string) []string {
	t.Helper()
	texts := []string{}
	for _, row := range s.SQL(t, sql, 1) {
		texts = append(texts, row[0].(string))
	}
	return texts
}

const events = "/api/projects/1/event_definitions/"

func TestEventDefinitions(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	all := list(t, s, events+"?ordering=name")
	require.Equal(t, column(t, s, "SELECT DISTINCT event FROM events ORDER BY event"), all.names(), "what is listed is what there is")
	require.Equal(t, len(all.Results), all.Count)
	require.Nil(t, all.Next)
	require.Nil(t, all.Previous)

	own, posthog := list(t, s, events+"?event_type=event_custom"), list(t, s, events+"?event_type=event_posthog")
	require.Equal(t, all.Count, own.Count+posthog.Count)
	require.True(t, strings.HasPrefix(posthog.Results[0].Name, "$"))
	require.False(t, strings.HasPrefix(own.Results[0].Name, "$"))
	require.Equal(t, http.StatusBadRequest, get(t, s, events+"?event_type=odd").status)

	require.Equal(t, []string{"movie_viewed", "movie_buy_complete", "movie_rent_complete"}, list(t, s, events+"?search=MOVIE").names(), "shortest first")
	require.Equal(t, []string{"movie_rent_complete"}, list(t, s, events+"?search=complete+rent").names(), "every term counts")
	require.Equal(t, []string{"movie_buy_complete", "movie_rent_complete"}, list(t, s, events+"?search=complete+movie&ordering=name").names())
	require.Equal(t, []string{"$pageview", "movie_viewed"}, list(t, s, events+"?names=movie_viewed,$pageview&ordering=name").names())
	require.Equal(t, []string{"$pageview", "movie_viewed"}, list(t, s, events+"?names=movie_viewed&names=$pageview&ordering=name").names())
	require.NotContains(t, list(t, s, events+"?excluded_properties="+url.QueryEscape(`["$pageview"]`)).names(), "$pageview")
	require.Equal(t, http.StatusBadRequest, get(t, s, events+"?excluded_properties=x").status)
	require.Equal(t, http.StatusBadRequest, get(t, s, events+"?tags=x").status)
	require.Empty(t, list(t, s, events+"?tags="+url.QueryEscape(`["core"]`)).Results)
	fresh := slices.DeleteFunc(slices.Clone(all.Results), func(d definition) bool { return *d.LastSeen < "2026-05-16T12" })
	require.Len(t, list(t, s, events+"?exclude_stale=true").Results, len(fresh))

	down := list(t, s, events+"?ordering=-name").names()
	slices.Reverse(down)
	require.Equal(t, all.names(), down)
	seen := list(t, s, events+"?ordering=-last_seen_at,name").Results
	require.True(t, slices.IsSortedFunc(seen, func(a, b definition) int { return -strings.Compare(*a.LastSeen, *b.LastSeen) }))
	require.Equal(t, list(t, s, events).names(), list(t, s, events+"?ordering=colour").names(), "unknown orders are ignored")
	require.Equal(t, list(t, s, events).names(), list(t, s, events+"?ordering=-last_seen_at::date").names())
	for _, order := range []string{"created_at", "-created_at::date", "last_seen_at"} {
		require.Equal(t, all.Count, list(t, s, events+"?ordering="+order).Count)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	all := list(t, s, events+"?ordering=name")
	first := list(t, s, events+"?ordering=name&limit=10")
	require.Len(t, first.Results, 10)
	require.Equal(t, all.Count, first.Count)
	require.Nil(t, first.Previous)
	require.Equal(t, s.URL+events+"?limit=10&offset=10&ordering=name", *first.Next)
	second := list(t, s, strings.TrimPrefix(*first.Next, s.URL))
	require.Equal(t, all.names()[:20], append(first.names(), second.names()...))
	require.Equal(t, s.URL+events+"?limit=10&ordering=name", *second.Previous)
	require.Empty(t, list(t, s, events+"?offset=1000").Results)
	for _, bad := range []string{"limit=0", "limit=x", "offset=-1"} {
		require.Equal(t, http.StatusBadRequest, get(t, s, events+"?"+bad).status, bad)
	}
	require.Empty(t, list(t, s, "/api/projects/3/event_definitions/").Results)
}

const properties = "/api/projects/1/property_definitions/"

func TestPropertyDefinitions(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	all := list(t, s, properties+"?limit=1000")
	require.NotContains(t, all.names(), "$group_0", "always left out")
	byName := map[string]definition{}
	for _, d := range all.Results {
		require.Nil(t, d.Seen)
		byName[d.Name] = d
	}
	require.Equal(t, "Numeric", *byName["amount"].Type)
	require.True(t, byName["amount"].Numeric)
	require.Equal(t, "Boolean", *byName["is_trial"].Type)
	require.Equal(t, "DateTime", *byName["promo_ends_at"].Type)
	require.Equal(t, "String", *byName["$browser"].Type)

	filtered := list(t, s, properties+"?limit=1000&filter_by_event_names=true&event_names="+url.QueryEscape(`["subscription_purchased"]`))
	want := column(t, s, "SELECT DISTINCT arrayJoin(JSONExtractKeys(properties)) AS k FROM events WHERE event = 'subscription_purchased' AND k NOT IN ('$set', '$set_once', 'distinct_id', '$groups', '$group_0') ORDER BY k")
	names := filtered.names()
	slices.Sort(names)
	require.Equal(t, want, names)
	require.True(t, *filtered.Results[0].Seen)
	marked := list(t, s, properties+"?limit=1000&event_names="+url.QueryEscape(`["subscription_purchased"]`))
	require.Equal(t, all.Count, marked.Count)
	for i, d := range marked.Results {
		require.Equal(t, i < len(want), *d.Seen, "seen ones first: %s", d.Name)
	}

	for _, name := range list(t, s, properties+"?is_numerical=true").Results {
		require.Equal(t, "Numeric", *name.Type)
	}
	require.Contains(t, list(t, s, properties+"?is_numerical=true").names(), "amount")
	for _, name := range list(t, s, properties+"?is_feature_flag=true").names() {
		require.True(t, strings.HasPrefix(name, "$feature/"))
	}
	for _, name := range list(t, s, properties+"?exclude_core_properties=true").names() {
		require.False(t, strings.HasPrefix(name, "$"))
	}
	require.Equal(t, []string{"$browser", "amount"}, list(t, s, properties+"?properties=amount,$browser").names())
	require.Contains(t, list(t, s, properties+"?search=geoip+country").names(), "$geoip_country_code", "display names are searched too")
	require.NotContains(t, list(t, s, properties+"?excluded_properties="+url.QueryEscape(`["amount"]`)).names(), "amount")
	require.Contains(t, list(t, s, properties+"?type=person").names(), "email")
	require.NotEmpty(t, list(t, s, properties+"?type=group&group_type_index=0").names())
	require.Empty(t, list(t, s, properties+"?type=group&group_type_index=4").names())
	require.Contains(t, list(t, s, properties+"?type=session").names(), "$session_duration")
	for _, bad := range []string{
		"type=planet", "type=group", "group_type_index=0", "type=group&group_type_index=9", "type=group&group_type_index=x",
		"type=person&event_names=%5B%5D", "event_names=x", "excluded_properties=x",
	} {
		require.Equal(t, http.StatusBadRequest, get(t, s, properties+"?"+bad).status, bad)
	}
}

func TestSeenTogether(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := get(t, s, properties+"seen_together?event_names=subscription_purchased&event_names=$pageview&property_name=plan")
	require.Equal(t, http.StatusOK, e.status, e.text)
	require.JSONEq(t, `{"subscription_purchased":true,"$pageview":false}`, e.text)
	require.Equal(t, http.StatusBadRequest, get(t, s, properties+"seen_together?event_names=a").status)
}

func TestEventValues(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	ask := func(parameters string) []string {
		e := get(t, s, "/api/projects/1/events/values/?"+parameters)
		body := read[struct {
			Results    []struct{ Name string }
			Refreshing bool
		}](t, e, http.StatusOK)
		require.Equal(t, "max-age=10", e.reply.Get("Cache-Control"))
		names := []string{}
		for _, r := range body.Results {
			names = append(names, r.Name)
		}
		return names
	}
	require.ElementsMatch(t, []string{"Chrome", "Safari", "Firefox", "Edge"}, ask("key=$browser&event_name=$pageview"))
	require.Equal(t, []string{"Firefox"}, ask("key=$browser&event_name=$pageview&event_name=$autocapture&value=FIRE"))
	require.Equal(t, []string{"$pageview"}, ask("key=event&is_column=true&event_name=$pageview"))
	require.Equal(t, []string{"Chrome"}, ask("key=$browser&event_name=$pageview&properties_$browser=Chrome"))
	require.LessOrEqual(t, len(ask("key=$current_url&event_name=$pageview")), 10)
	require.Contains(t, ask("key=custom_event"), "movie_viewed")
	require.NotContains(t, ask("key=custom_event"), "$pageview")
	require.Empty(t, ask("key=nonsense&event_name=$pageview"))
	require.Equal(t, http.StatusBadRequest, get(t, s, "/api/projects/1/events/values/?key=$browser").status)
	require.Equal(t, http.StatusBadRequest, get(t, s, "/api/projects/1/events/values/").status)
}

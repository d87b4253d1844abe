package sandbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	const path = "/api/projects/1/groups_types/"
	var log transcript
	for _, c := range []struct {
		title string
		e     exchange
	}{
		{"no key", exchange{method: "GET", path: path}},
		{"wrong key", exchange{method: "GET", path: path, key: "phx_wrong"}},
		{"a project token is a wrong key", exchange{method: "GET", path: path, key: "phc_FAKE_sandbox_token_of_project_1"}},
		{"wrong access token", exchange{method: "GET", path: path, key: "pha_wrong"}},
		{"wrong key in the query", exchange{method: "GET", path: path + "?personal_api_key=phx_wrong"}},
		{"wrong key in the body", exchange{method: "POST", path: "/api/projects/1/query/", body: `{"personal_api_key":"phx_wrong","query":{}}`}},
		{"only the first candidate counts", exchange{method: "GET", path: path + "?personal_api_key=" + keyAll, key: "phx_wrong"}},
		{"another scheme is no key", exchange{method: "GET", path: path, header: map[string]string{"Authorization": "Basic eDp5"}}},
		{"scope missing", exchange{method: "POST", path: "/api/projects/1/query/", key: keyNoQuery, body: `{}`}},
		{"scope missing for a state", exchange{method: "GET", path: "/api/projects/1/query/x/", key: keyNoQuery}},
		{"scope missing for a cancel", exchange{method: "DELETE", path: "/api/projects/1/query/x/", key: keyNoQuery}},
		{"action closed to keys", exchange{method: "POST", path: "/api/projects/1/query/HogQLQuery/", key: keyAll, body: `{}`}},
		{"log closed to keys", exchange{method: "GET", path: "/api/projects/1/query/x/log/", key: keyAll}},
		{"other project", exchange{method: "GET", path: path, key: keyBerlin}},
		{"outside of projects", exchange{method: "GET", path: "/api/projects/", key: keyBerlin}},
		{"unknown project", exchange{method: "GET", path: "/api/projects/99/groups_types/", key: keyAll}},
		{"unknown project, limited key", exchange{method: "GET", path: "/api/projects/99/groups_types/", key: keyBerlin}},
		{"no number", exchange{method: "GET", path: "/api/projects/demo/groups_types/", key: keyAll}},
		{"unknown path", exchange{method: "GET", path: "/api/nothing/", key: keyAll}},
		{"wrong method", exchange{method: "PUT", path: "/api/projects/1/query/x/", key: keyAll}},
		{"unknown project token", exchange{method: "GET", path: path + "?token=phc_x", key: keyAll}},
	} {
		log.add(t, c.title, c.e.do(t, s))
	}
	log.check(t, "credentials")
}

func TestAcceptedCredentials(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	one := `{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"personal_api_key":"` + keyAll + `"}`
	for _, e := range []exchange{
		{method: "GET", path: "/api/projects/1/groups_types/?personal_api_key=" + keyAll},
		{method: "POST", path: "/api/projects/1/query/", body: one},
		{method: "GET", path: "/api/users/@me/", key: keyBerlin},
		{method: "GET", path: "/api/personal_api_keys/@current/", key: keyBerlin},
		{method: "GET", path: "/api/projects/2/event_definitions", key: keyBerlin},
		{method: "GET", path: "/api/projects/1/event_definitions", key: keyNoQuery},
	} {
		require.Equal(t, http.StatusOK, e.do(t, s).status, "%s %s: %s", e.method, e.path, e.text)
	}
}

func TestProjectPaths(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	name := func(path, key string) string {
		e := (&exchange{method: "GET", path: path, key: key}).do(t, s)
		return read[struct{ Name string }](t, e, http.StatusOK).Name
	}
	for path, want := range map[string]string{
		"/api/projects/1/": "Demo", "/api/projects/1": "Demo", "/api/environments/1/": "Demo", "/api/environments/2": "Berlin",
		"/api/projects/@current/": "Demo", "/api/environments/@current": "Demo",
		"/api/projects/1/?token=phc_FAKE_sandbox_token_of_project_2":   "Berlin",
		"/api/projects/1/?api_key=phc_FAKE_sandbox_token_of_project_3": "Empty",
	} {
		require.Equal(t, want, name(path, keyAll), path)
	}
	require.Equal(t, "Berlin", name("/api/projects/@current/", keyBerlin))
}

func TestObjects(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	log.add(t, "project", get(t, s, "/api/projects/1/"))
	log.add(t, "project in another zone", get(t, s, "/api/projects/2/"))
	log.add(t, "projects", get(t, s, "/api/projects/"))
	log.add(t, "second page of projects", get(t, s, "/api/projects/?limit=1&offset=1"))
	log.add(t, "user", get(t, s, "/api/users/@me/"))
	log.add(t, "key", get(t, s, "/api/personal_api_keys/@current/"))
	log.add(t, "key limited to a project", (&exchange{method: "GET", path: "/api/personal_api_keys/@current/", key: keyBerlin}).do(t, s))
	log.add(t, "group types", get(t, s, "/api/projects/1/groups_types/"))
	log.add(t, "no group types", get(t, s, "/api/projects/3/groups_types/"))
	cohorts := get(t, s, "/api/projects/1/cohorts/")
	members := s.SQL(t, "SELECT count() FROM cohort_people WHERE cohort_id = 1", 1)[0][0]
	require.Contains(t, cohorts.text, fmt.Sprintf(`"count":%v,"is_static":false`, members))
	cohorts.text = regexp.MustCompile(`"count":\d+,"is_static"`).ReplaceAllString(cohorts.text, `"count":"…","is_static"`)
	log.add(t, "cohorts", cohorts)
	log.add(t, "actions", get(t, s, "/api/projects/1/actions/?limit=2"))
	log.check(t, "objects")
	require.NotContains(t, log.String(), keyAll, "PostHog never shows a key")
	require.Contains(t, log.String(), "phs_FAKE_sandbox_secret_of_project_1", "clients must meet secrets to be proved not to leak them")
}

package tools_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

var took = regexp.MustCompile(` · \d+\.\d\d s`)

// TestAnswersToQuestions is what an agent reads when it asks in English.
func TestAnswersToQuestions(t *testing.T) {
	s, _ := sandboxSession(t, sandboxtest.Key)
	for _, c := range []struct{ name, args string }{
		{"total", `{"question":"how many people signed up in the last 30 days?"}`},
		{"total as json", `{"question":"how many people signed up in the last 30 days?","format":"json"}`},
		{"breakdown as markdown", `{"question":"top 3 browsers by page views","time_period":"30d","format":"markdown"}`},
		{"comparison", `{"question":"signups this week vs last week"}`},
		{"comparison as json", `{"question":"signups this week vs last week","format":"json"}`},
		{"funnel", `{"question":"conversion from signup to onboarding completed in the last 90 days"}`},
		{"contradiction", `{"question":"logins yesterday","time_period":"30d"}`},
		{"misspelt", `{"question":"singups by cuontry in the last 90 days"}`},
		{"names", `{"question":"which events do we have about movies?"}`},
		{"names as json", `{"question":"do we have an insight about signup?","format":"json"}`},
		{"few names", `{"question":"which events do we have?","limit":3}`},
		{"plan", `{"question":"weekly logins per country","validate_only":true}`},
		{"plan as json", `{"question":"logins yesterday","time_period":"30d","validate_only":true,"format":"json"}`},
		{"plan of names", `{"question":"which dashboards are there","validate_only":true}`},
		{"refusal", `{"question":"how many podcasts did we sell last month?"}`},
		{"refusal as json", `{"question":"movies last week","format":"json"}`},
		{"other project", `{"question":"notes saved per day","project_id":2}`},
	} {
		text, result := s.call(t, "query_posthog", c.args)
		require.False(t, result.IsError, text)
		golden.Check(t, "testdata/questions/"+strings.ReplaceAll(c.name, " ", "-")+".golden",
			c.args+"\n-----\n"+took.ReplaceAllString(created.ReplaceAllString(lasting(text), "2026-06-15T12:00:04Z"), " · 0.31 s")+"\n")
	}
}

// TestQuestionOfALargeAnswer keeps the rows that do not fit, as a query does.
func TestQuestionOfALargeAnswer(t *testing.T) {
	s, _ := sandboxSession(t, sandboxtest.Key)
	text, _ := s.call(t, "query_posthog", `{"question":"hourly events by event","time_period":"90d","limit":50000}`)
	require.Contains(t, text, `query_posthog {"result":"`)
}

// TestIndexFollowsTheCatalogue: each project has its own names, however many are asked about.
func TestIndexFollowsTheCatalogue(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{Now: time.Now})
	for range 2 {
		for project, answered := range map[int64]bool{1: true, 2: false, 3: false} {
			asked, err := service.Ask(t.Context(), tools.QueryArgs{Question: "signups", ProjectID: project}, false)
			require.NoError(t, err)
			require.Equal(t, answered, asked.Refusal == nil, project)
		}
	}
}

// TestQuestionsOfPrompts: each prompt that names a question can ask it.
func TestQuestionsOfPrompts(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{Now: time.Now})
	asks := regexp.MustCompile(`query_posthog (\{"question":"[^\n]*"\}) reads`)
	files, err := filepath.Glob("prompts/*.md")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range asks.FindAllStringSubmatch(string(text), -1) {
			var a tools.QueryArgs
			require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(m[1], "{event}", "user_signed_up")), &a))
			asked, err := service.Ask(t.Context(), a, true)
			require.NoError(t, err, a.Question)
			require.Nil(t, asked.Refusal, a.Question)
			found++
		}
	}
	require.Equal(t, 6, found)
}

// TestQuestionWithoutCatalogue: a refusal says that names could not be read, because that may be why.
func TestQuestionWithoutCatalogue(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, "phx_sandbox_noquery", nil), tools.Options{})
	asked, err := service.Ask(t.Context(), tools.QueryArgs{Question: "signups"}, true)
	require.NoError(t, err)
	require.NotNil(t, asked.Refusal)
	require.Contains(t, asked.Refusal.Why, "The catalogue is not whole: ")
	require.Contains(t, asked.Refusal.Why, "query:read")
}

// TestQuestionWithoutPostHog: what cannot be read is an error, not a refusal.
func TestQuestionWithoutPostHog(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, "phx_wrong", nil), tools.Options{})
	_, err := service.Ask(t.Context(), tools.QueryArgs{Question: "signups"}, true)
	require.Error(t, err)
	_, err = service.Ask(t.Context(), tools.QueryArgs{Question: " "}, true)
	require.ErrorContains(t, err, "question: is required")
	_, err = service.Ask(t.Context(), tools.QueryArgs{Question: "signups", TimePeriod: "5d"}, true)
	require.ErrorContains(t, err, "time_period: must be one of")
	_, err = service.Ask(t.Context(), tools.QueryArgs{Question: "signups", ProjectID: 99}, true)
	require.Error(t, err)
}

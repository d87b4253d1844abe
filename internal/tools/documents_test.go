package tools_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// remindersOf finds the warnings that are about the data, not about how the query is written.
var remindersOf = regexp.MustCompile("warning: (test accounts are counted too|[^\n]* is the person's value today)[^\n]*")

// runsAll runs every block of HogQL in text, which must be well written and give rows.
func runsAll(t *testing.T, s *session, text string) (blocks int) {
	t.Helper()
	for _, block := range sqlBlock.FindAllStringSubmatch(text, -1) {
		answer, result := s.call(t, "query_posthog", string(mustJSON(map[string]any{"query": block[1]})))
		require.False(t, result.IsError, "%s\n%s", block[1], answer)
		require.NotContains(t, remindersOf.ReplaceAllString(answer, ""), "warning:", block[1])
		require.NotContains(t, answer, " 0 rows", block[1])
		formatted, err := hogql.Format(block[1])
		require.NoError(t, err)
		require.NotEmpty(t, formatted)
		blocks++
	}
	return blocks
}

func read(t *testing.T, s *session, uri string) (string, error) {
	t.Helper()
	var r mcp.ReadResourceRequest
	r.Params.URI = uri
	result, err := s.ReadResource(t.Context(), r)
	if err != nil {
		return "", err
	}
	require.Len(t, result.Contents, 1)
	content := result.Contents[0].(mcp.TextResourceContents)
	require.Equal(t, uri, content.URI)
	return content.Text, nil
}

func TestTheGuideRuns(t *testing.T) {
	t.Parallel()
	s, _ := sandboxSession(t, sandboxtest.Key)
	text, err := read(t, s, "posthog://guide/hogql")
	require.NoError(t, err)
	require.GreaterOrEqual(t, runsAll(t, s, text), 7)
}

func TestPromptsRun(t *testing.T) {
	t.Parallel()
	s, _ := sandboxSession(t, sandboxtest.Key)
	list, err := s.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	require.NoError(t, err)
	require.Len(t, list.Prompts, 9)
	for _, p := range list.Prompts {
		require.NotEmpty(t, p.Title)
		require.NotEmpty(t, p.Description)
		require.LessOrEqual(t, len(p.Arguments), 1)
		var r mcp.GetPromptRequest
		r.Params.Name = p.Name
		if len(p.Arguments) == 1 {
			require.True(t, p.Arguments[0].Required)
			_, err := s.GetPrompt(t.Context(), r)
			require.ErrorContains(t, err, p.Arguments[0].Name+": is required, such as ")
			_, example, _ := strings.Cut(p.Arguments[0].Description, "such as ")
			r.Params.Arguments = map[string]string{p.Arguments[0].Name: "it's') --"}
			_, err = s.GetPrompt(t.Context(), r)
			require.ErrorContains(t, err, "must be one name")
			r.Params.Arguments = map[string]string{p.Arguments[0].Name: example}
		}
		result, err := s.GetPrompt(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, result.Messages, 1)
		text := result.Messages[0].Content.(mcp.TextContent).Text
		require.NotContains(t, text, "{event}")
		require.NotContains(t, text, "{flag}")
		require.GreaterOrEqual(t, runsAll(t, s, text), 1, p.Name)
	}
}

func TestSchemaResources(t *testing.T) {
	t.Parallel()
	s, _ := sandboxSession(t, sandboxtest.Key)
	overview, _ := s.call(t, "list_objects", `{}`)
	text, err := read(t, s, "posthog://schema")
	require.NoError(t, err)
	require.Equal(t, lasting(overview), lasting(steady(text)))
	for uri, object := range map[string]string{
		"posthog://schema/sessions": "sessions", "posthog://schema/event:user_signed_up": "event:user_signed_up",
		"posthog://schema/event%3A%24pageview": "event:$pageview",
	} {
		fields, _ := s.call(t, "get_fields", `{"objects":["`+object+`"]}`)
		text, err := read(t, s, uri)
		require.NoError(t, err, uri)
		require.Equal(t, lasting(fields), lasting(text))
	}
	_, err = read(t, s, "posthog://schema/nothing_like_it")
	require.ErrorContains(t, err, "nothing_like_it")
	_, err = read(t, newSession(t, "http://127.0.0.1:1", canaryKey, tools.Options{}), "posthog://schema")
	require.ErrorContains(t, err, "connection refused")
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	s, _ := sandboxSession(t, sandboxtest.Key)
	complete := func(ref any, name, value string) []string {
		var r mcp.CompleteRequest
		r.Params.Ref = ref
		r.Params.Argument = mcp.CompleteArgument{Name: name, Value: value}
		result, err := s.Complete(t.Context(), r)
		require.NoError(t, err)
		return result.Completion.Values
	}
	funnel := mcp.PromptReference{Type: "ref/prompt", Name: "funnel_analysis"}
	impact := mcp.PromptReference{Type: "ref/prompt", Name: "feature_impact"}
	object := mcp.ResourceReference{Type: "ref/resource", URI: "posthog://schema/{+object}"}
	require.Equal(t, "user_signed_up", complete(funnel, "event", "signed")[0])
	require.Contains(t, complete(funnel, "event", ""), "$pageview")
	require.Equal(t, []string{"pricing-v2"}, complete(impact, "flag", "pricing"))
	require.Empty(t, complete(funnel, "other", "a"))
	require.Contains(t, complete(object, "object", ""), "events")
	require.Equal(t, "event:user_signed_up", complete(object, "object", "event:signed")[0])
	require.Contains(t, complete(object, "object", "signup"), "property:signup_date")
	require.Empty(t, complete(object, "id", "a"))
}

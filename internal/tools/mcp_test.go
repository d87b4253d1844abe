package tools_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/tools"
)

func TestToolList(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:UInt8", "[[1]]"))
	s := newSession(t, u.url, canaryKey, tools.Options{Version: "1.2.3"})
	list, err := s.ListTools(t.Context(), mcp.ListToolsRequest{})
	require.NoError(t, err)
	text, err := json.MarshalIndent(list.Tools, "", "  ")
	require.NoError(t, err)
	golden.Check(t, "testdata/tools.json", string(text)+"\n")
	require.Less(t, len(text), 16_000, "every session pays for this list")

	seen := map[string]bool{}
	for _, tool := range list.Tools {
		require.Regexp(t, `^[a-z][a-z0-9_]{2,39}$`, tool.Name)
		require.False(t, seen[tool.Name])
		seen[tool.Name] = true
		require.NotEmpty(t, tool.Title)
		require.Less(t, len(tool.Description), 1000)
		a := tool.Annotations
		require.True(t, *a.ReadOnlyHint)
		require.False(t, *a.DestructiveHint)
		require.True(t, *a.IdempotentHint)
		require.True(t, *a.OpenWorldHint)
		require.Empty(t, tool.OutputSchema.Type)
		require.Nil(t, tool.RawOutputSchema)
		require.Nil(t, tool.Meta)
		raw, err := json.Marshal(tool.InputSchema)
		require.NoError(t, err)
		checkPortable(t, tool.Name, raw)
	}
	require.Equal(t, map[string]bool{"list_objects": true, "get_fields": true, "query_posthog": true}, seen)
	require.Empty(t, u.sent(), "listing tools asks PostHog nothing")
}

// checkPortable holds a schema to what all known model providers accept.
func checkPortable(t *testing.T, name string, raw []byte) {
	t.Helper()
	for _, word := range []string{"anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "null", "patternProperties", "const"} {
		require.NotContains(t, string(raw), `"`+word+`"`, name)
	}
	require.NotRegexp(t, `"type":\s*\[`, string(raw), name)
	var v struct {
		Type                 string
		AdditionalProperties *bool
		Properties           map[string]struct {
			Type, Description string
			Items             *struct{ Type string }
			Maximum           json.Number
		}
	}
	require.NoError(t, json.Unmarshal(raw, &v))
	require.Equal(t, "object", v.Type)
	require.NotNil(t, v.AdditionalProperties, name)
	require.False(t, *v.AdditionalProperties)
	for field, p := range v.Properties {
		require.Contains(t, []string{"string", "integer", "boolean", "object", "array"}, p.Type, field)
		require.NotEmpty(t, p.Description, field)
		require.Less(t, len(p.Description), 400, field)
		require.Equal(t, p.Type == "array", p.Items != nil, field)
		require.LessOrEqual(t, len(p.Maximum), 15, field)
	}
}

func TestServerIntroducesItself(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:UInt8", "[[1]]"))
	s := newSession(t, u.url, canaryKey, tools.Options{Version: "1.2.3", AlwaysLoad: true})
	caps := s.GetServerCapabilities()
	require.NotNil(t, caps.Tools)
	require.False(t, caps.Tools.ListChanged)
	require.Nil(t, caps.Logging)
	require.NotNil(t, caps.Resources)
	require.False(t, caps.Resources.ListChanged || caps.Resources.Subscribe)
	require.False(t, caps.Prompts.ListChanged)
	require.NotNil(t, caps.Completions)
	list, err := s.ListTools(t.Context(), mcp.ListToolsRequest{})
	require.NoError(t, err)
	for _, tool := range list.Tools {
		require.Equal(t, true, tool.Meta.AdditionalFields["anthropic/alwaysLoad"])
	}
	hello, err := s.Initialize(t.Context(), mcp.InitializeRequest{})
	require.NoError(t, err)
	require.Equal(t, "1.2.3", hello.ServerInfo.Version)
	require.Less(t, len(hello.Instructions), 2000)
	require.Contains(t, hello.Instructions, "list_objects")
}

func TestArguments(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:UInt8", "[[1]]"))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	for _, c := range []struct{ name, tool, arguments, want string }{
		{"required", "query_posthog", `{}`, `query: is required, or question, or result for more of a kept answer. Such as query="SELECT`},
		{"null is absent", "query_posthog", `{"query":null}`, `query: is required`},
		{"empty", "query_posthog", `{"query":"  "}`, `query: is required`},
		{"two sources", "query_posthog", `{"query":"SELECT 1","result":"x"}`, `result: goes with page alone`},
		{"page alone", "query_posthog", `{"page":2,"query":"SELECT 1"}`, `page: goes with result`},
		{"values of a result", "query_posthog", `{"result":"x","values":{"a":1}}`, `values: does not go with result`},
		{"period of a result", "query_posthog", `{"result":"x","time_period":"7d"}`, `time_period: does not go with result`},
		{"limit of a result", "query_posthog", `{"result":"x","limit":7}`, `limit: does not go with result`},
		{"refresh of a result", "query_posthog", `{"result":"x","refresh":"fresh"}`, `refresh: does not go with result`},
		{"check of a result", "query_posthog", `{"result":"x","validate_only":true}`, `validate_only: does not go with result`},
		{"page zero", "query_posthog", `{"result":"x","page":0}`, `page: must be a whole number from 1`},
		{"unknown", "query_posthog", `{"query":"SELECT 1","limits":5}`, `limits: is no argument of this tool; did you mean "limit"? Known: query, question, values`},
		{"query and question", "query_posthog", `{"query":"SELECT 1","question":"how many signups?"}`, `question: goes without query`},
		{"question and result", "query_posthog", `{"result":"x","question":"how many signups?"}`, `result: goes with page alone: leave question out`},
		{"values of a question", "query_posthog", `{"question":"how many signups?","values":{"a":1}}`, `values: goes with query`},
		{"text for a number", "query_posthog", `{"query":"SELECT 1","limit":"100"}`, `limit: must be a whole number from 1 to 50000, without quotes, not "100"`},
		{"too many", "query_posthog", `{"query":"SELECT 1","limit":50001}`, `limit: must be a whole number from 1 to 50000`},
		{"zero", "query_posthog", `{"query":"SELECT 1","limit":0}`, `limit: must be a whole number from 1`},
		{"a fraction", "query_posthog", `{"query":"SELECT 1","limit":1.5}`, `limit: must be a whole number`},
		{"enum", "query_posthog", `{"query":"SELECT 1","format":"cvs"}`, `format: must be one of csv, json, markdown, not "cvs"`},
		{"number for text", "query_posthog", `{"query":7}`, `query: must be a string, such as "SELECT`},
		{"text for a boolean", "query_posthog", `{"query":"SELECT 1","validate_only":"true"}`, `validate_only: must be true or false, without quotes, not "true"`},
		{"list for an object", "query_posthog", `{"query":"SELECT 1","values":[1]}`, `values: must be a JSON object, such as {"name":"user_signed_up"}, not [1]`},
		{"no project", "query_posthog", `{"query":"SELECT 1","project_id":-1}`, `project_id: must be a whole number from 1, without quotes, not -1`},
		{"text for a list", "get_fields", `{"objects":"events"}`, `objects: must be a list, such as ["events","event:NAME"], not "events"`},
		{"empty list", "get_fields", `{"objects":[]}`, `objects: must hold 1 to 10 names, not 0`},
		{"long list", "get_fields", `{"objects":["a","b","c","d","e","f","g","h","i","j","k"]}`, `objects: must hold 1 to 10 names, not 11`},
		{"list of numbers", "get_fields", `{"objects":[1]}`, `objects: must hold strings, such as ["events","event:NAME"], not 1`},
		{"kind", "list_objects", `{"kind":"events"}`, `kind: must be one of event, property`},
		{"no object", "list_objects", `["x"]`, `the arguments must be one JSON object, such as {"search": "signup"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text, result := s.call(t, c.tool, c.arguments)
			require.True(t, result.IsError)
			require.Contains(t, text, c.want)
		})
	}
	t.Cleanup(func() { require.Empty(t, u.sent(), "a wrong call reached PostHog") })
}

func TestWholeNumbersInOtherSpellings(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:UInt8", "[[1],[2]]"))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	text, result := s.call(t, "query_posthog", `{"query":"SELECT number AS a FROM numbers(2)","limit":1.0,"format":null}`)
	require.False(t, result.IsError, text)
	require.Contains(t, text, "1 row, more exist (limit 1; pass up to 50000)")
}

func TestPanicsStayInTheLog(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:UInt8", "[[1]]"))
	boom := func() string { panic("secret " + canaryKey) }
	s := newSession(t, u.url, canaryKey, tools.Options{Token: boom})
	text, result := s.call(t, "query_posthog", `{"query":"SELECT 1 AS a"}`)
	require.True(t, result.IsError)
	require.Equal(t, "This server failed in itself; the details are in its log. Calling again once may help.", text)
	require.Contains(t, s.log.String(), "tool panicked")
	require.Contains(t, s.log.String(), "tools_test.TestPanicsStayInTheLog")
	require.NotContains(t, s.log.String(), "secret")
}

func TestCallsAreLoggedWithoutTheirContent(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("who:String", `[["`+canaryKey+`x"],["b"]]`))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	_, err := s.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "query_posthog",
		Arguments: map[string]any{"query": "SELECT 'hidden_argument' AS who", "values": map[string]any{}}}})
	require.NoError(t, err)
	s.call(t, "query_posthog", `{"query":"SELECT ("}`)
	log := s.log.String()
	require.Regexp(t, `msg="tool call" tool=query_posthog outcome=ok attempts=1 wait=\S+ rows=2 bytes=\d+ duration=`, log)
	require.Contains(t, log, `outcome=syntax attempts=0 wait=0s rows=0`)
	require.NotContains(t, log, "hidden_argument")
	require.NotContains(t, log, canaryKey)
}

func TestUnknownToolIsAProtocolError(t *testing.T) {
	t.Parallel()
	s := newSession(t, "http://127.0.0.1:1", canaryKey, tools.Options{})
	_, err := s.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "drop_table"}})
	require.ErrorContains(t, err, "drop_table")
}

func TestJSONAnswersComeAsStructuredContentToo(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("a:String", `[["<b> & \u202e"]]`))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	text, result := s.call(t, "query_posthog", `{"query":"SELECT number AS a FROM numbers(1)","format":"json"}`)
	require.False(t, result.IsError)
	require.Contains(t, text, `"rows":[["<b> & \\u202e"]]`, "no HTML escapes, hidden characters visible")
	structured, err := json.Marshal(result.StructuredContent)
	require.NoError(t, err)
	require.JSONEq(t, text, steady(string(structured)))
	for _, format := range []string{"csv", "markdown"} {
		_, result := s.call(t, "query_posthog", `{"query":"SELECT number AS a FROM numbers(1)","format":"`+format+`"}`)
		require.Nil(t, result.StructuredContent, format)
	}
}

func TestNothingIsSentForAWrongQuery(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(string, string) (int, string) { return http.StatusInternalServerError, "{}" })
	s := newSession(t, u.url, canaryKey, tools.Options{})
	for _, q := range []string{"SELECT (", "DROP TABLE events", "SELECT {who}", "SELECT 1 LIMIT 5 OFFSET 5", strings.Repeat("(", 70_000)} {
		text, result := s.call(t, "query_posthog", string(mustJSON(map[string]any{"query": q})))
		require.True(t, result.IsError, q)
		require.Contains(t, text, "Nothing was sent.")
	}
	require.Empty(t, u.sent())
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

package tools

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

//go:embed instructions.md
var instructions string

// Options configure the service and its MCP server. Zero values mean the defaults named.
type Options struct {
	Version    string        // of this program, told to clients; default "dev"
	Timeout    time.Duration // of one tool call; default 45 s, because some clients give up at 60
	AlwaysLoad bool          // ask clients that defer tools to show these at once
	Logger     *slog.Logger  // default: discards
	Now        func() time.Time
	Token      func() string // a fresh random fence; default NewToken
	ResultID   func() string // the id of a kept result; default NewResultID
}

// outcome is what one tool call gave: an answer, and what the log says about it.
type outcome struct {
	answer Answer
	rows   int
	cost   Cost
	asJSON bool // the answer's Data is sent as structured content too
}

// tool is one MCP tool: what clients see and what runs.
type tool struct {
	name, title, about string
	params             []param
	run                func(ctx context.Context, raw json.RawMessage) (outcome, error)
}

// NewMCP returns the MCP server: the three tools of s with their annotations, the analyst's brief as
// instructions, no list-changed capability because nothing changes. Wrong arguments, failures and panics
// come back as tool errors in plain words; protocol errors are left for protocol mistakes.
func NewMCP(s *Service, o Options) *mcpserver.MCPServer {
	o = o.withDefaults()
	m := mcpserver.NewMCPServer("posthog-mcp", o.Version,
		mcpserver.WithTitle("PostHog"),
		mcpserver.WithDescription("Read-only analytics of a PostHog project with HogQL"),
		mcpserver.WithInstructions(instructions),
		mcpserver.WithToolCapabilities(false),
		mcpserver.WithResourceCapabilities(false, false),
		mcpserver.WithPromptCapabilities(false),
		mcpserver.WithCompletions(),
		mcpserver.WithPromptCompletionProvider(&completer{s, o}),
		mcpserver.WithResourceCompletionProvider(&completer{s, o}),
		mcpserver.WithCacheHints(300_000, mcp.CacheScopePrivate),
	)
	for _, t := range s.tools() {
		m.AddTool(t.definition(o.AlwaysLoad), t.handler(o))
	}
	s.addDocuments(m, o)
	s.addKeptResults(m)
	addPrompts(m)
	return m
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Timeout <= 0 {
		o.Timeout = 45 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Token == nil {
		o.Token = NewToken
	}
	if o.ResultID == nil {
		o.ResultID = NewResultID
	}
	return o
}

// tools returns the tools in the order in which clients show them.
func (s *Service) tools() []tool {
	return []tool{
		{
			name: "list_objects", title: "Find PostHog data and saved objects",
			about: "Find what a PostHog project holds. Without arguments: an overview of tables, the most frequent events and group types. " +
				"With search: events, properties, tables, columns, cohorts, actions, insights, dashboards, feature flags, experiments and surveys " +
				"that match a word, best first, each with what to pass to get_fields or to write in SQL.",
			params: listParams(),
			run: func(ctx context.Context, raw json.RawMessage) (outcome, error) {
				var a ListArgs
				if err := decode(raw, listParams(), &a); err != nil {
					return outcome{}, err
				}
				answer, err := s.ListObjects(ctx, a)
				return outcome{answer: answer}, err
			},
		},
		{
			name: "get_fields", title: "Show how to read PostHog objects",
			about: "Show how to read objects: for a table, event, person, session or group the HogQL text of each field with its type and its " +
				"most frequent real values; for a saved object (cohort, action, insight, dashboard, feature flag, experiment, survey) its " +
				"definition and the HogQL behind it.",
			params: fieldsParams(),
			run: func(ctx context.Context, raw json.RawMessage) (outcome, error) {
				var a FieldsArgs
				if err := decode(raw, fieldsParams(), &a); err != nil {
					return outcome{}, err
				}
				answer, err := s.GetFields(ctx, a)
				return outcome{answer: answer}, err
			},
		},
		{
			name: "query_posthog", title: "Query PostHog with HogQL",
			about: "Run one HogQL SELECT (ClickHouse SQL over events, persons, sessions, groups, system.*), or a question in plain English that is " +
				"turned into one, and get its rows with the project, the row count, whether more exist, the age of the data and warnings. Mistakes are " +
				"found before anything is sent and come back with line, column and what to write. Read-only.",
			params: queryParams(),
			run: func(ctx context.Context, raw json.RawMessage) (outcome, error) {
				var a QueryArgs
				if err := decode(raw, queryParams(), &a); err != nil {
					return outcome{}, err
				}
				return s.answerQuery(ctx, a)
			},
		},
	}
}

func (t tool) definition(alwaysLoad bool) mcp.Tool {
	yes, no := true, false
	d := mcp.Tool{
		Name:           t.name,
		Title:          t.title,
		Description:    t.about,
		RawInputSchema: schema(t.params),
		Annotations: mcp.ToolAnnotation{
			Title: t.title, ReadOnlyHint: &yes, DestructiveHint: &no, IdempotentHint: &yes, OpenWorldHint: &yes,
		},
	}
	if alwaysLoad {
		d.Meta = mcp.NewMetaFromMap(map[string]any{"anthropic/alwaysLoad": true})
	}
	return d
}

// handler returns what mcp-go calls. It never returns an error, because mcp-go would make a protocol
// error of it, which models do not see.
func (t tool) handler(o Options) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		start := o.Now()
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		ctx, settle := reporting(ctx, request)
		got, err := t.guarded(ctx, request, o.Logger)
		settle()
		result := success(got)
		if err != nil {
			result = failure(adviceAt(err, o.Now()))
		}
		size := 0
		for _, c := range result.Content {
			if text, ok := c.(mcp.TextContent); ok {
				size += len(text.Text)
			}
		}
		if e, ok := errors.AsType[*driver.Error](err); ok {
			got.cost = Cost{e.Attempts, e.Waited}
		}
		o.Logger.LogAttrs(ctx, slog.LevelInfo, "tool call", slog.String("tool", t.name), slog.String("outcome", kindOf(err)),
			slog.Int("attempts", got.cost.Attempts), slog.Duration("wait", got.cost.Waited),
			slog.Int("rows", got.rows), slog.Int("bytes", size), slog.Duration("duration", o.Now().Sub(start)))
		return result, nil
	}
}

// guarded runs the tool; a panic becomes errInternal and its stack goes to the log, never to the client.
func (t tool) guarded(ctx context.Context, request mcp.CallToolRequest, log *slog.Logger) (got outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			log.LogAttrs(ctx, slog.LevelError, "tool panicked", slog.String("tool", t.name),
				slog.String("panic", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
			got, err = outcome{}, errInternal
		}
	}()
	raw := request.Params.RawArguments
	if len(raw) == 0 { // a client in the same process hands over a value
		if raw, err = json.Marshal(request.Params.Arguments); err != nil {
			return outcome{}, &ArgumentError{Message: "the arguments must be one JSON object"}
		}
	}
	return t.run(ctx, raw)
}

// errInternal stands for a fault of this program.
var errInternal = errors.New("internal error")

func success(got outcome) *mcp.CallToolResult {
	r := &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(got.answer.Text)}}
	if got.asJSON {
		r.StructuredContent = got.answer.Data
	}
	return r
}

func failure(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{mcp.NewTextContent(text)}}
}

// kindOf names an outcome for the log: ok, arguments, syntax, a driver.Kind, or internal.
func kindOf(err error) string {
	if err == nil {
		return "ok"
	}
	if _, ok := errors.AsType[*ArgumentError](err); ok {
		return "arguments"
	}
	if _, ok := errors.AsType[*hogql.Error](err); ok {
		return "syntax"
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return string(e.Kind)
	}
	return "internal"
}

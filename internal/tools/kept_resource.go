package tools

import (
	"context"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// addKeptResults registers the template posthog://result/{id}{?page}: what query_posthog gives for result and page,
// for clients that read resources.
func (s *Service) addKeptResults(m *mcpserver.MCPServer) {
	template := mcp.NewResourceTemplate(resultScheme+"{id}{?page}", "kept result",
		mcp.WithTemplateDescription("A page of rows that did not fit into one answer of query_posthog, kept for "+ago(keptAge)+"."),
		mcp.WithTemplateMIMEType("text/plain"))
	m.AddResourceTemplate(template, func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		id, query, _ := strings.Cut(strings.TrimPrefix(r.Params.URI, resultScheme), "?")
		page := 1
		if text, ok := strings.CutPrefix(query, "page="); ok {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, &ArgumentError{Field: "page", Message: "must be a whole number from 1"}
			}
			page = n
		}
		answer, err := s.ResultPage(ctx, id, page)
		if err != nil {
			return nil, err
		}
		kind := "text/plain"
		if answer.Data != nil {
			kind = "application/json"
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: kind, Text: answer.Text}}, nil
	})
}

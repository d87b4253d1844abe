package tools

import (
	"context"
	_ "embed"
	"errors"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

//go:embed guide.md
var guide string

// URIs of the resources beside kept results.
const (
	guideURI  = "posthog://guide/hogql"
	schemaURI = "posthog://schema"
)

// addDocuments lets clients read the guide, and what list_objects and get_fields say, as resources.
func (s *Service) addDocuments(m *mcpserver.MCPServer, o Options) {
	m.AddResource(mcp.NewResource(guideURI, "hogql-guide", mcp.WithResourceTitle("HogQL guide"), mcp.WithMIMEType("text/markdown"),
		mcp.WithResourceDescription("How to write HogQL for analysis, with examples that run")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return document(guideURI, "text/markdown", guide), nil
		})
	m.AddResource(mcp.NewResource(schemaURI, "schema", mcp.WithResourceTitle("What the project holds"), mcp.WithMIMEType("text/plain"),
		mcp.WithResourceDescription("Tables, the most frequent events, group types: what list_objects says without arguments")),
		func(ctx context.Context, _ mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			ctx, cancel := context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			answer, err := s.ListObjects(ctx, ListArgs{})
			return plainText(schemaURI, answer, err, o)
		})
	m.AddResourceTemplate(mcp.NewResourceTemplate(schemaURI+"/{+object}", "schema-object", mcp.WithTemplateTitle("How to read an object"),
		mcp.WithTemplateMIMEType("text/plain"),
		mcp.WithTemplateDescription("Fields, types and values of a table, event:NAME, person, insight:ID, …: what get_fields says of it")),
		func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			object := strings.TrimPrefix(r.Params.URI, schemaURI+"/")
			if plain, err := url.PathUnescape(object); err == nil {
				object = plain
			}
			ctx, cancel := context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			answer, err := s.GetFields(ctx, FieldsArgs{Objects: []string{object}})
			return plainText(r.Params.URI, answer, err, o)
		})
}

// plainText is a resource's content; a failure is told in the same words as by a tool.
func plainText(uri string, answer Answer, err error, o Options) ([]mcp.ResourceContents, error) {
	if err != nil {
		return nil, errors.New(adviceAt(err, o.Now()))
	}
	return document(uri, "text/plain", answer.Text), nil
}

func document(uri, kind, text string) []mcp.ResourceContents {
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: kind, Text: text}}
}

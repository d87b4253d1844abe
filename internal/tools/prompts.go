package tools

import (
	"context"
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

//go:embed prompts/*.md
var promptFiles embed.FS

// prompt is one standing job: a text for the model, with at most one word to fill in.
type prompt struct {
	name, title, about string
	argument           string // its name, "" for none
	example            string // a value of the argument
	text               string // with {argument} in it
}

// prompts reads the files of the folder prompts: lines of "key: value", an empty line, the text.
func prompts() []prompt {
	entries, err := promptFiles.ReadDir("prompts")
	if err != nil {
		panic(err) // they are part of the program
	}
	var list []prompt
	for _, e := range entries {
		text, err := promptFiles.ReadFile(path.Join("prompts", e.Name()))
		if err != nil {
			panic(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		p := prompt{name: strings.TrimSuffix(e.Name(), ".md"), text: strings.TrimSpace(body)}
		for line := range strings.Lines(head) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "title":
				p.title = value
			case "about":
				p.about = value
			case "argument":
				p.argument = value
			case "example":
				p.example = value
			}
		}
		list = append(list, p)
	}
	return list
}

// word is what may stand for an argument: the name of an event or the key of a flag, which goes into HogQL as text.
var word = regexp.MustCompile(`^[\pL\pN $_.:/-]{1,200}$`)

// filled is the text with the argument in it.
func (p prompt) filled(value string) (string, error) {
	if p.argument == "" {
		return p.text, nil
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return "", &ArgumentError{Field: p.argument, Message: "is required, such as " + p.example}
	}
	if !word.MatchString(value) {
		return "", &ArgumentError{Field: p.argument, Message: "must be one name of letters, digits, spaces and $ _ . : / -, such as " + p.example}
	}
	return strings.ReplaceAll(p.text, "{"+p.argument+"}", value), nil
}

// addPrompts offers the standing jobs.
func addPrompts(m *mcpserver.MCPServer) {
	for _, p := range prompts() {
		options := []mcp.PromptOption{mcp.WithPromptTitle(p.title), mcp.WithPromptDescription(p.about)}
		if p.argument != "" {
			options = append(options, mcp.WithArgument(p.argument, mcp.RequiredArgument(),
				mcp.ArgumentDescription(fmt.Sprintf("The %s to look at, such as %s", p.argument, p.example))))
		}
		m.AddPrompt(mcp.NewPrompt(p.name, options...), func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			text, err := p.filled(r.Params.Arguments[p.argument])
			if err != nil {
				return nil, err
			}
			return mcp.NewGetPromptResult(p.about, []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}), nil
		})
	}
}

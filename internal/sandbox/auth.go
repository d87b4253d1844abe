package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/sandbox/sample"
)

// authenticate returns the key that a request carries. PostHog looks in three places and tries only the
// first in which it finds something: the Authorization header, the body field personal_api_key, the query
// parameter of that name. A project token (phc_…) has no message of its own: it is a wrong personal key.
func (s *Server) authenticate(r *http.Request, body []byte) (*sample.Key, error) {
	value, place := credential(r, body)
	if value == "" {
		return nil, unauthenticated("not_authenticated", "Authentication credentials were not provided.")
	}
	if strings.HasPrefix(value, "pha_") {
		return nil, unauthenticated("authentication_failed", "Invalid access token.")
	}
	key, known := s.keys[value]
	if !known {
		return nil, unauthenticated("authentication_failed", "Personal API key found in request "+place+" is invalid.")
	}
	return key, nil
}

// credential returns the first candidate for a key, and where it stood.
func credential(r *http.Request, body []byte) (value, place string) {
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && scheme == "Bearer" {
		if token = strings.TrimSpace(token); token != "" {
			return token, "Authorization header"
		}
	}
	if token := bodyField(body, "personal_api_key"); token != "" {
		return token, "body"
	}
	return r.URL.Query().Get("personal_api_key"), "query string"
}

// bodyField returns a text field of a JSON object, "" where there is none.
func bodyField(body []byte, name string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(fields[name], &text) != nil {
		return ""
	}
	return text
}

// authorize finds the project of the call and checks that the key may do this there.
func (s *Server) authorize(c *call) error {
	if c.route.closed {
		return denied("This action does not support Personal API Key access")
	}
	if err := s.resolveProject(c); err != nil {
		return err
	}
	if !allows(c.key.Scopes, c.route.scope) {
		return denied("API key missing required scope '%s'", c.route.scope)
	}
	return nil
}

// resolveProject sets the call's project from the path, or from a project token in the query or the body,
// which PostHog lets win over the path.
func (s *Server) resolveProject(c *call) error {
	limited := len(c.key.Projects) > 0
	if c.segment == "" {
		if limited && !c.route.exempt {
			return denied("API keys with scoped projects are only supported on project-based endpoints.")
		}
		return nil
	}
	id, err := s.projectID(c)
	if err != nil {
		return err
	}
	if limited && !slices.Contains(c.key.Projects, id) {
		return denied("API key does not have access to the requested project: ID %d.", id)
	}
	p, known := s.projects[id]
	if !known {
		return notFound("Project not found.")
	}
	c.project = p
	return nil
}

func (s *Server) projectID(c *call) (int64, error) {
	token := tokenOverride(c)
	if token != "" {
		for id, p := range s.projects {
			if p.token() == token {
				return id, nil
			}
		}
		return 0, unauthenticated("authentication_failed", "Invalid project token.")
	}
	if c.segment == "@current" {
		return s.currentProject(c.key), nil
	}
	id, err := strconv.ParseInt(c.segment, 10, 64)
	if err != nil || id < 0 {
		return 0, notFound("Project not found.")
	}
	return id, nil
}

// tokenOverride returns a project token that the request names, in a query parameter or a body field.
func tokenOverride(c *call) string {
	q := c.URL.Query()
	for _, name := range []string{"token", "api_key"} {
		if v := q.Get(name); v != "" {
			return v
		}
		if v := bodyField(c.body, name); v != "" {
			return v
		}
	}
	return ""
}

// currentProject returns the project that @current means: the first that the key may see.
func (s *Server) currentProject(key *sample.Key) int64 {
	if len(key.Projects) > 0 {
		return key.Projects[0]
	}
	return s.order[0]
}

// allows tells whether a key with these scopes may do what want names, "object:read". Write includes read,
// * is everything, and a key without scopes is one of PostHog's old all-powerful ones.
func allows(scopes []string, want string) bool {
	if want == "" || len(scopes) == 0 || slices.Contains(scopes, "*") || slices.Contains(scopes, want) {
		return true
	}
	object, _, _ := strings.Cut(want, ":")
	return slices.Contains(scopes, object+":write")
}

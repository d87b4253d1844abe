package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	projectLife   = 10 * time.Minute // how long a project's name and zone are kept
	headLife      = time.Minute      // how long an answer's head does without them when they cannot be read
	describeLimit = 3 * time.Second  // an answer does not wait longer for the project's name
	manyProjects  = 200
	fewProjects   = 20
)

// projectBody holds the wanted fields only: the object also carries tokens, which must not be kept.
type projectBody struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	TimeZone  string `json:"timezone"`
	WeekStart int    `json:"week_start_day"`
	// TestAccounts is kept as text, so that a Project can be compared.
	TestAccounts json.RawMessage `json:"test_account_filters"`
	GroupTypes   []groupTypeBody `json:"group_types"`
}

// projectHead is a project with its group types, which the same object holds; nil where it does not.
type projectHead struct {
	project Project
	groups  []GroupType
}

func (p projectBody) project() Project {
	out := Project{ID: p.ID, Name: clean(p.Name), TimeZone: p.TimeZone, WeekStart: p.WeekStart}
	if list := string(p.TestAccounts); list != "null" && list != "[]" {
		out.TestAccounts = list
	}
	return out
}

// project settles which project a call is about: the one named, else the configured one, else the key's
// only one. It never takes PostHog's "current project", which changes without notice.
func (c *Client) project(ctx context.Context, id int64, op string) (int64, error) {
	if id == 0 {
		id = c.opts.ProjectID
	}
	if id == 0 {
		all, err := c.Projects(ctx)
		if err != nil {
			return 0, err
		}
		if len(all) != 1 {
			return 0, &Error{Kind: Invalid, Op: op, Code: CodeProjectRequired, Detail: "no project is named or configured; " + listProjects(all)}
		}
		id = all[0].ID
	}
	if id < 0 {
		return 0, &Error{Kind: Invalid, Op: op, Code: CodeProjectRequired, Detail: fmt.Sprintf("%d is no project id", id)}
	}
	if !c.allowed(id) {
		return 0, &Error{Kind: Forbidden, Op: op, Code: CodeProjectDenied,
			Detail: fmt.Sprintf("project %d is not among the allowed projects (%s)", id, joinIDs(c.opts.AllowedProjects))}
	}
	return id, nil
}

func (c *Client) allowed(id int64) bool {
	return len(c.opts.AllowedProjects) == 0 || slices.Contains(c.opts.AllowedProjects, id)
}

func listProjects(ps []Project) string {
	if len(ps) == 0 {
		return "the key sees no project"
	}
	names := make([]string, 0, len(ps))
	for _, p := range ps[:min(len(ps), fewProjects)] {
		names = append(names, strings.TrimSpace(fmt.Sprintf("%d %s", p.ID, p.Name)))
	}
	return "the key sees: " + strings.Join(names, ", ")
}

func joinIDs(ids []int64) string {
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = fmt.Sprint(id)
	}
	return strings.Join(s, ", ")
}

// Project reads one project: id, name, time zone, week start. It needs the scope project:read.
func (c *Client) Project(ctx context.Context, id int64) (*Project, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "read project"
	id, err := c.project(ctx, id, op)
	if err != nil {
		return nil, err
	}
	p, _, err := fetch(ctx, c, "project", id, "", projectLife, func(ctx context.Context) (Project, error) {
		h, err := c.readProject(ctx, id, false)
		return h.project, err
	})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (c *Client) readProject(ctx context.Context, id int64, single bool) (projectHead, error) {
	var v projectBody
	_, err := c.call(ctx, request{op: "read project", method: http.MethodGet, path: projectPath(id, ""), project: id,
		class: classGeneral, single: single, decode: decodeJSON(&v)})
	p := v.project()
	p.ID = id
	return projectHead{p, groupTypesOf(v.GroupTypes)}, err
}

// describe gives what is known of a project for an answer's head. It asks once, briefly; when that fails,
// for want of project:read or anything else, it is content with the id for a while.
func (c *Client) describe(ctx context.Context, id int64) Project {
	return c.head(ctx, id).project
}

func (c *Client) head(ctx context.Context, id int64) projectHead {
	h, _, err := fetch(ctx, c, "project head", id, "", projectLife, func(ctx context.Context) (projectHead, error) {
		short, cancel := context.WithTimeout(ctx, describeLimit)
		defer cancel()
		return c.readProject(short, id, true)
	})
	if err == nil {
		return h
	}
	h = projectHead{project: Project{ID: id}}
	if ctx.Err() == nil {
		c.host.cache.put(cacheKey{c.owner(), "project head", id, ""}, h, time.Now().Add(headLife-projectLife), 0)
	}
	return h
}

// Projects lists the projects that the key may see and the configuration allows, by id. Keys limited to
// projects get no project list from PostHog: theirs are read one by one.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	all, _, err := fetch(ctx, c, "projects", 0, "", projectLife, c.readProjects)
	if err != nil {
		return nil, err
	}
	out := make([]Project, 0, len(all))
	for _, p := range all {
		if c.allowed(p.ID) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (c *Client) readProjects(ctx context.Context) ([]Project, error) {
	key, err := c.Key(ctx)
	if k := kindOf(err); err != nil && k != Forbidden && k != NotFound {
		return nil, err
	}
	if key != nil && len(key.ScopedTeams) > 0 {
		return c.namedProjects(ctx, key.ScopedTeams), nil
	}
	var v struct {
		Results []projectBody `json:"results"`
	}
	_, err = c.call(ctx, request{op: "list projects", method: http.MethodGet, path: "/api/projects/",
		query: url.Values{"limit": {fmt.Sprint(manyProjects)}}, class: classGeneral, decode: decodeJSON(&v)})
	if err == nil {
		return sortProjects(v.Results), nil
	}
	if k := kindOf(err); k != Forbidden && k != NotFound {
		return nil, err
	}
	u, userErr := c.readUser(ctx)
	if userErr != nil {
		if c.opts.ProjectID != 0 {
			return []Project{c.describe(ctx, c.opts.ProjectID)}, nil
		}
		return nil, err
	}
	teams := u.Organization.Teams
	if len(teams) == 0 && u.Team != nil {
		teams = []projectBody{*u.Team}
	}
	return sortProjects(teams), nil
}

func (c *Client) namedProjects(ctx context.Context, ids []int64) []Project {
	out := make([]Project, 0, len(ids))
	for i, id := range ids {
		if i < fewProjects {
			out = append(out, c.describe(ctx, id))
		} else {
			out = append(out, Project{ID: id})
		}
	}
	return out
}

func sortProjects(in []projectBody) []Project {
	out := make([]Project, 0, len(in))
	for _, p := range in {
		out = append(out, p.project())
	}
	slices.SortFunc(out, func(a, b Project) int { return int(a.ID - b.ID) })
	return out
}

type userBody struct {
	Email        string       `json:"email"`
	FirstName    string       `json:"first_name"`
	Team         *projectBody `json:"team"`
	Organization struct {
		Teams []projectBody `json:"teams"`
	} `json:"organization"`
}

func (c *Client) readUser(ctx context.Context) (userBody, error) {
	var v userBody
	_, err := c.call(ctx, request{op: "read user", method: http.MethodGet, path: "/api/users/@me/", class: classGeneral, decode: decodeJSON(&v)})
	return v, err
}

// User reads the key's owner. It needs the scope user:read.
func (c *Client) User(ctx context.Context) (*User, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	v, err := c.readUser(ctx)
	if err != nil {
		return nil, err
	}
	u := &User{Email: clean(v.Email), FirstName: clean(v.FirstName)}
	if v.Team != nil {
		u.Team = v.Team.project()
	}
	return u, nil
}

// Key reads what PostHog tells about the key itself: label, scopes, projects. Any valid key may ask.
func (c *Client) Key(ctx context.Context) (*KeyInfo, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	var v struct {
		Label               string   `json:"label"`
		Scopes              []string `json:"scopes"`
		ScopedTeams         []int64  `json:"scoped_teams"`
		ScopedOrganizations []string `json:"scoped_organizations"`
	}
	_, err := c.call(ctx, request{op: "read key", method: http.MethodGet, path: "/api/personal_api_keys/@current/", class: classGeneral, decode: decodeJSON(&v)})
	if err != nil {
		return nil, err
	}
	return &KeyInfo{Label: clean(v.Label), Scopes: v.Scopes, ScopedTeams: v.ScopedTeams, ScopedOrganizations: v.ScopedOrganizations}, nil
}

// Probe runs SELECT 1, computed now, and tells how long the whole exchange took. It needs query:read only:
// success means that host, key, project and scope are good.
func (c *Client) Probe(ctx context.Context, project int64) (time.Duration, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "probe"
	project, err := c.project(ctx, project, op)
	if err != nil {
		return 0, err
	}
	res, err := c.runQuery(ctx, project, op, QueryRequest{HogQL: "SELECT 1", Fresh: true, Name: "posthog-mcp probe"})
	if err != nil {
		return 0, err
	}
	return res.Elapsed, nil
}

// Allows tells whether the key's scopes cover one: itself, its write form, or everything.
func (k *KeyInfo) Allows(scope string) bool {
	object, _, _ := strings.Cut(scope, ":")
	return len(k.Scopes) == 0 || slices.Contains(k.Scopes, "*") || slices.Contains(k.Scopes, scope) ||
		slices.Contains(k.Scopes, object+":write")
}

package sandbox

import (
	"fmt"
	"slices"
	"sync"

	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
)

// project is one project of the sample data with what the server learned about it.
type project struct {
	*sample.Project

	mu      sync.Mutex
	carried map[string][]string // properties by event; nil until first asked for
}

// token is the project's public token. It and the secrets below are obvious fakes: they are served to
// prove that clients do not pass them on.
func (p *project) token() string { return fmt.Sprintf("phc_FAKE_sandbox_token_of_project_%d", p.ID) }

// settings are the conditions of the server's own queries.
func (s *Server) settings(p *project) chdb.Settings {
	return chdb.Settings{Database: p.Database, TimeZone: p.TimeZone, MaxExecution: s.queryTimeout, MaxMemory: s.queryMemory}
}

// organization is the one organisation of the sample data.
const organization = "018f0000-0000-7000-8000-00000000feed"

// projectBody is a project as PostHog shows it, secrets included.
type projectBody struct {
	ID                    int64                   `json:"id"`
	UUID                  string                  `json:"uuid"`
	Organization          string                  `json:"organization"`
	Name                  string                  `json:"name"`
	ProductDescription    string                  `json:"product_description"`
	CreatedAt             stamp                   `json:"created_at"`
	UpdatedAt             stamp                   `json:"updated_at"`
	APIToken              string                  `json:"api_token"`
	SecretAPIToken        string                  `json:"secret_api_token"`
	SecretAPITokenBackup  string                  `json:"secret_api_token_backup"`
	LiveEventsToken       string                  `json:"live_events_token"`
	TimeZone              string                  `json:"timezone"`
	WeekStartDay          int                     `json:"week_start_day"`
	HasGroupTypes         bool                    `json:"has_group_types"`
	GroupTypes            []groupTypeBody         `json:"group_types"`
	IsDemo                bool                    `json:"is_demo"`
	IngestedEvent         bool                    `json:"ingested_event"`
	CompletedSnippet      bool                    `json:"completed_snippet_onboarding"`
	PersonOnEvents        bool                    `json:"person_on_events_querying_enabled"`
	Modifiers             map[string]any          `json:"modifiers"`
	DefaultModifiers      map[string]any          `json:"default_modifiers"`
	TestAccountFilters    []sample.PropertyFilter `json:"test_account_filters"`
	PathCleaningFilters   []struct{}              `json:"path_cleaning_filters"`
	MembershipLevel       int                     `json:"effective_membership_level"`
	PersonDisplayName     []string                `json:"person_display_name_properties"`
	DataAttributes        []string                `json:"data_attributes"`
	AccessControl         bool                    `json:"access_control"`
	AutocaptureOptOut     bool                    `json:"autocapture_opt_out"`
	SessionRecordingOptIn bool                    `json:"session_recording_opt_in"`
}

// projectBrief is a project in the list of projects.
type projectBrief struct {
	ID            int64  `json:"id"`
	UUID          string `json:"uuid"`
	Organization  string `json:"organization"`
	APIToken      string `json:"api_token"`
	Name          string `json:"name"`
	CompletedOnce bool   `json:"completed_snippet_onboarding"`
	IngestedEvent bool   `json:"ingested_event"`
	IsDemo        bool   `json:"is_demo"`
	TimeZone      string `json:"timezone"`
	AccessControl bool   `json:"access_control"`
}

func (s *Server) brief(p *project) projectBrief {
	return projectBrief{
		ID: p.ID, UUID: definitionID(p.ID, "project", ""), Organization: organization, APIToken: p.token(), Name: p.Name,
		CompletedOnce: true, IngestedEvent: len(p.Events) > 0, TimeZone: p.TimeZone,
	}
}

// getProject answers GET …/projects/{id}/.
func (s *Server) getProject(c *call) (*reply, error) {
	p := c.project
	created := stamp(p.CreatedAt)
	return answered(projectBody{
		ID: p.ID, UUID: definitionID(p.ID, "project", ""), Organization: organization, Name: p.Name,
		CreatedAt: created, UpdatedAt: created,
		APIToken:             p.token(),
		SecretAPIToken:       fmt.Sprintf("phs_FAKE_sandbox_secret_of_project_%d", p.ID),
		SecretAPITokenBackup: fmt.Sprintf("phs_FAKE_sandbox_backup_secret_of_project_%d", p.ID),
		LiveEventsToken:      fmt.Sprintf("FAKE.sandbox.live-events-token-of-project-%d", p.ID),
		TimeZone:             p.TimeZone, WeekStartDay: p.WeekStart,
		HasGroupTypes: len(p.GroupTypes) > 0, GroupTypes: groupTypeList(p), IngestedEvent: len(p.Events) > 0, CompletedSnippet: true,
		PersonOnEvents: true, Modifiers: map[string]any{}, DefaultModifiers: effectiveModifiers(modifiers{}),
		TestAccountFilters: p.TestAccountFilters, PathCleaningFilters: []struct{}{}, MembershipLevel: 15,
		PersonDisplayName: []string{"email", "name"}, DataAttributes: []string{"data-attr"},
	}), nil
}

// listProjects answers GET /api/projects/.
func (s *Server) listProjects(c *call) (*reply, error) {
	var list []projectBrief
	for _, id := range s.order {
		list = append(list, s.brief(s.projects[id]))
	}
	return paged(c, list)
}

// groupTypeBody is one type of groups.
type groupTypeBody struct {
	GroupType       string   `json:"group_type"`
	GroupTypeIndex  int      `json:"group_type_index"`
	NameSingular    *string  `json:"name_singular"`
	NamePlural      *string  `json:"name_plural"`
	DetailDashboard *int64   `json:"detail_dashboard"`
	DefaultColumns  []string `json:"default_columns"`
	CreatedAt       stamp    `json:"created_at"`
}

func groupTypeList(p *project) []groupTypeBody {
	list := []groupTypeBody{}
	for i, name := range p.GroupTypes {
		list = append(list, groupTypeBody{GroupType: name, GroupTypeIndex: i, CreatedAt: stamp(p.CreatedAt)})
	}
	return list
}

// groupTypes answers GET …/groups_types/ with a bare list.
func (s *Server) groupTypes(c *call) (*reply, error) {
	return answered(groupTypeList(c.project)), nil
}

// userBody is the user that a key acts for.
type userBody struct {
	ID            int64              `json:"id"`
	UUID          string             `json:"uuid"`
	DistinctID    string             `json:"distinct_id"`
	FirstName     string             `json:"first_name"`
	LastName      string             `json:"last_name"`
	Email         string             `json:"email"`
	IsStaff       bool               `json:"is_staff"`
	IsActive      bool               `json:"is_active"`
	Team          projectBrief       `json:"team"`
	Organization  organizationBody   `json:"organization"`
	Organizations []organizationBody `json:"organizations"`
}

type organizationBody struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	Slug            string `json:"slug"`
	MembershipLevel int    `json:"membership_level"`
}

// getUser answers GET /api/users/@me/.
func (s *Server) getUser(c *call) (*reply, error) {
	org := organizationBody{ID: organization, Name: s.user.Organization, Slug: "sandbox", MembershipLevel: 15}
	return answered(userBody{
		ID: s.user.ID, UUID: definitionID(0, "user", s.user.Email), DistinctID: definitionID(0, "distinct", s.user.Email),
		FirstName: s.user.FirstName, Email: s.user.Email, IsActive: true,
		Team: s.brief(s.projects[s.currentProject(c.key)]), Organization: org, Organizations: []organizationBody{org},
	}), nil
}

// keyBody is what PostHog tells about a key: all but the secret.
type keyBody struct {
	ID                  string   `json:"id"`
	Label               string   `json:"label"`
	MaskValue           string   `json:"mask_value"`
	CreatedAt           stamp    `json:"created_at"`
	LastUsedAt          *stamp   `json:"last_used_at"`
	LastRolledAt        *stamp   `json:"last_rolled_at"`
	UserID              int64    `json:"user_id"`
	Scopes              []string `json:"scopes"`
	ScopedTeams         []int64  `json:"scoped_teams"`
	ScopedOrganizations []string `json:"scoped_organizations"`
}

// getKey answers GET /api/personal_api_keys/@current/.
func (s *Server) getKey(c *call) (*reply, error) {
	value := c.key.Value
	return answered(keyBody{
		ID: definitionID(0, "key", value), Label: c.key.Label, MaskValue: value[:4] + "...", CreatedAt: stamp(s.projects[s.order[0]].CreatedAt), UserID: s.user.ID,
		Scopes: append([]string{}, c.key.Scopes...), ScopedTeams: append([]int64{}, slices.Sorted(slices.Values(c.key.Projects))...),
		ScopedOrganizations: []string{},
	}), nil
}

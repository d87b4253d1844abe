package driver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

func catalogueText(t *testing.T, c *driver.Catalogue) string {
	t.Helper()
	text, err := json.Marshal(c)
	require.NoError(t, err)
	return string(text)
}

// The whole catalogue comes with an overview where it is asked for.
func TestCatalogueForACheck(t *testing.T) {
	t.Parallel()
	f := &fake{answer: demo().with("SELECT 'cohort'", table(`["kind","ref","title","line"]`, `["cohort","3","Power users","12 persons"]`)).answer}
	c := newClient(t, f, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Nil(t, o.Catalogue)
	o, err = c.ListObjects(t.Context(), driver.ListRequest{Catalogue: true})
	require.NoError(t, err)
	text := catalogueText(t, o.Catalogue)
	for _, part := range []string{
		`{"complete":true,`, `{"name":"pdi","type":"lazy_table","table":"person_distinct_ids"`, `{"name":"person","type":"field_traverser","chain":["pdi","person"]}`,
		`{"name":"cohort_people","family":"posthog","columns":null}`, `{"name":"$pageview","count":500}`, `{"name":"user_signed_up","count":0}`,
		`{"entity":"event","name":"price","type":"Numeric"}`, `{"entity":"person","name":"email","type":"String"}`, `{"entity":"group","name":"size","type":"Numeric"}`,
		`"cohorts":[{"id":3,"name":"Power users"}]`, `"group_types":[{"name":"company","index":0,"singular":"Company"}]`,
	} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "$session_duration", "properties of sessions are columns")
}

// What is not known whole is left out, so that nothing in it is called unknown.
func TestCatalogueLeavesOutWhatIsCapped(t *testing.T) {
	t.Parallel()
	d := demo().with("type=event", page(true, `{"name":"plan"}`)).with("type=group", page(true, `{"name":"size"}`)).with("/event_definitions/", page(true, `{"name":"$pageview"}`)).
		with("information_schema.tables", "403!x")
	c := newClient(t, &fake{answer: d.answer}, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{Catalogue: true})
	require.NoError(t, err)
	require.False(t, o.Catalogue.Complete, "without the information schema tables may be missing")
	require.Nil(t, o.Catalogue.Events)
	require.NotContains(t, catalogueText(t, o.Catalogue), `"entity":"event"`)
	require.NotContains(t, catalogueText(t, o.Catalogue), `"entity":"group"`)
	require.Contains(t, catalogueText(t, o.Catalogue), `"entity":"person"`)

	var counted []string
	for i := range 5000 {
		counted = append(counted, fmt.Sprintf(`["e%d",1]`, i))
	}
	c = newClient(t, &fake{answer: demo().with("GROUP BY event", table(`["event","n"]`, counted...)).answer}, nil)
	o, err = c.ListObjects(t.Context(), driver.ListRequest{Catalogue: true})
	require.NoError(t, err)
	require.Nil(t, o.Catalogue.Events)
}

// Known asks nothing upstream: it has what other calls have read.
func TestKnownIsWhatWasRead(t *testing.T) {
	t.Parallel()
	f := &fake{answer: demo().answer}
	c := newClient(t, f, nil)
	require.Nil(t, c.Known(0))
	require.Empty(t, f.requests())
	_, err := c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	asked := len(f.requests())
	known := c.Known(0)
	require.True(t, known.Complete)
	require.Len(t, known.Events, 4)
	require.Len(t, known.GroupTypes, 1)
	require.Nil(t, known.Properties)
	require.Equal(t, known, c.Known(1), "the configured project")
	require.Nil(t, c.Known(2))

	_, err = c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProperty}})
	require.NoError(t, err)
	require.Greater(t, len(f.requests()), asked)
	asked = len(f.requests())
	text := catalogueText(t, c.Known(1))
	require.True(t, strings.Contains(text, `"entity":"event"`) && strings.Contains(text, `"entity":"person"`))
	require.Len(t, f.requests(), asked)
}

// Names serve to warn for a quarter of an hour; whether there is such a table is not answered for so long.
func TestKnownGrowsOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, &fake{answer: demo().answer}, nil)
		_, err := c.ListObjects(t.Context(), driver.ListRequest{})
		require.NoError(t, err)
		require.True(t, c.Known(1).Complete)
		time.Sleep(14 * time.Minute)
		require.Len(t, c.Known(1).Events, 4)
		require.False(t, c.Known(1).Complete)
		time.Sleep(time.Minute)
		require.Nil(t, c.Known(1))
		c.Close()
	})
}
